from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from small_pipelines import SIDE, Halving, Plain, drawing, pipeline  # noqa: E402

from EchoSynthLib.errors import Cancelled, InputError  # noqa: E402
from EchoSynthLib.networks.diffusion.generators import generator_of  # noqa: E402
from EchoSynthLib.networks.diffusion.processes.registry import make_process  # noqa: E402
from EchoSynthLib.networks.diffusion.solvers.registry import SOLVERS  # noqa: E402
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline  # noqa: E402
from EchoSynthLib.synthesis.diffusion.latent_space import from_model_space, one_hot, to_model_space  # noqa: E402
from EchoSynthLib.synthesis.diffusion.pipeline import DiffusionGenerator  # noqa: E402


def test_images_come_on_the_label_maps_own_grid_and_only_inside_the_sector(labels, sector) -> None:
    result = pipeline()(labels, sector, num_images_per_label_map=3, generator=drawing())
    assert result.images.shape == (3, 20, 30)
    assert result.images.dtype == np.float32
    assert 0 <= result.images.min() < result.images.max() <= 1
    assert not result.images[:, ~sector].any()
    assert result.evaluations == 7  # Heun's 2 * 4 - 1


def test_the_same_generator_gives_the_same_image(labels, sector) -> None:
    model = pipeline()
    one, same, other = (model(labels, sector, generator=drawing(seed)).images for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_an_image_with_its_own_generator_does_not_depend_on_its_company(labels, sector) -> None:
    model = pipeline()
    together = model(labels, sector, num_images_per_label_map=3, generator=[drawing(seed) for seed in (1, 2, 3)])
    alone = model(labels, sector, generator=drawing(2))
    np.testing.assert_allclose(together.images[1], alone.images[0], atol=1e-5)


def test_the_modulation_is_computed_once_and_changes_nothing(labels, sector) -> None:
    plain, cached = pipeline(network=Plain), pipeline()
    images = [each(labels, sector, num_images_per_label_map=2, generator=drawing()).images for each in (plain, cached)]
    np.testing.assert_allclose(*images, atol=1e-6)
    assert len(plain.network.seen) == 7
    assert len(cached.network.seen) == 1


def test_several_label_maps_are_drawn_together_in_order(labels, sector) -> None:
    other = np.where(labels == 3, 0, labels).astype(np.uint8)
    model = pipeline()
    generators = [drawing(seed) for seed in (1, 2, 3, 4)]
    both = model(np.stack([labels, other]), sector, num_images_per_label_map=2, generator=generators).images
    assert both.shape == (4, 20, 30)
    for map_, seed, image in zip((labels, labels, other, other), (1, 2, 3, 4), both, strict=True):
        np.testing.assert_allclose(model(map_, sector, generator=drawing(seed)).images[0], image, atol=1e-5)


def test_the_network_is_told_structures_tissue_and_sector_and_the_view_where_it_has_ten_classes(labels, sector) -> None:
    five, ten = pipeline(network=Plain), pipeline(network=Plain, classes=10)
    five(labels, sector, view="2CH", generator=drawing())
    ten(labels, sector, view="2CH", generator=drawing())
    assert five.network.seen[0].shape == (1, 5, SIDE, SIDE)
    told = ten.network.seen[0]
    assert torch.equal(told[:, 5:], five.network.seen[0])
    assert not told[:, :5].any()
    assert torch.equal(told.sum(dim=1), torch.ones(1, SIDE, SIDE))
    with pytest.raises(InputError, match="view"):
        ten(labels, sector)


def test_each_label_map_can_have_its_own_view(labels, sector) -> None:
    model = pipeline(network=Plain, classes=10)
    model(np.stack([labels, labels]), sector, view=["4CH", "2CH"], generator=drawing())
    four, two = model.network.seen[0]
    assert torch.equal(four[:5], two[5:])


def test_a_callback_sees_every_step_and_may_change_what_goes_on(labels, sector) -> None:
    told: list[tuple[int, float]] = []

    def callback(pipe, step, sigma, tensors):
        told.append((step, sigma))
        assert tensors["latents"].shape == (1, 1, SIDE, SIDE)
        return {"latents": torch.ones_like(tensors["latents"])} if sigma == 0 else {}

    model = pipeline()
    image = model(labels, sector, generator=drawing(), callback_on_step_end=callback).images[0]
    assert told == list(enumerate(model.process.sigmas(4, "edm")[1:].tolist()))
    assert float(np.median(image[sector])) == 1


def test_an_interrupt_stops_after_the_step_and_the_next_call_starts_afresh(labels, sector) -> None:
    steps: list[int] = []

    def callback(pipe, step, sigma, tensors):
        steps.append(step)
        pipe._interrupt = step == 1
        return {}

    model = pipeline()
    stopped = model(labels, sector, generator=drawing(), callback_on_step_end=callback)
    assert steps == [0, 1]
    assert stopped.evaluations == 4
    assert model.interrupt
    assert model(labels, sector, generator=drawing()).evaluations == 7
    assert not model.interrupt


def test_in_latent_space_the_autoencoder_draws_the_image(labels, sector) -> None:
    def model(gain: float) -> SemanticDiffusionPipeline:
        made = SemanticDiffusionPipeline(Plain(), make_process("edm"), Halving(gain), rows=SIDE, columns=SIDE)
        made.set_progress_bar_config(disable=True)
        return made

    bright, dark = model(0.02), model(0.01)  # dim enough to be clipped nowhere
    x = bright(labels, sector, generator=drawing(), num_inference_steps=3, output_type="latent").images
    assert x.shape == (1, 1, SIDE // 2, SIDE // 2)
    assert bright.network.seen[0].shape == (1, 5, SIDE // 2, SIDE // 2)
    images = [each(labels, sector, generator=drawing(), num_inference_steps=3).images for each in (bright, dark)]
    np.testing.assert_allclose(images[0], 2 * images[1], atol=1e-6)


def test_other_outputs(labels, sector) -> None:
    model = pipeline()
    arrays, evaluations = model(labels, sector, generator=drawing(), return_dict=False)
    pictures = model(labels, sector, generator=drawing(), output_type="pil").images
    assert evaluations == 7
    assert pictures[0].mode == "L"
    np.testing.assert_allclose(np.asarray(pictures[0]) / 255, arrays[0], atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("solver", [name for name, solver in SOLVERS.items() if "ddpm" in solver.processes])
def test_a_ddpm_model_runs_in_every_solver_that_fits_it(solver, labels, sector) -> None:
    result = pipeline("ddpm")(labels, sector, solver=solver, discretization="iddpm", generator=drawing())
    assert result.evaluations == SOLVERS[solver].evaluations(4)
    assert np.isfinite(result.images).all()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"solver": "ancestral-learned"}, "does not fit"),
        ({"discretization": "karras"}, "not known"),
        ({"num_inference_steps": 0}, "at least one step"),
        ({"num_images_per_label_map": 0}, "At least one image"),
        ({"generator": [drawing(1), drawing(2)]}, "generator"),
        ({"output_type": "jpeg"}, "jpeg"),
        ({"sector_mask": np.ones((5, 5))}, r"\(5, 5\)"),
        ({"sector_mask": np.zeros((20, 30))}, "sector mask is empty"),
        ({"label_map": np.full((20, 30), 7)}, "Unknown values"),
        ({"label_map": np.ones((1, 1, 20, 30))}, r"\(1, 1, 20, 30\)"),
        ({"callback_on_step_end_tensor_inputs": ("prompt",)}, "prompt"),
    ],
)
def test_what_cannot_be_used_is_refused(changes, match, labels, sector) -> None:
    with pytest.raises(InputError, match=match):
        pipeline()(**{"label_map": labels, "sector_mask": sector} | changes)


def test_images_go_to_the_range_of_the_network_and_back() -> None:
    mask = torch.ones(2, 1, 8, 8)
    mask[..., :4] = 0
    image = torch.rand(2, 1, 8, 8, generator=drawing()) * mask
    x0 = to_model_space(image, mask, channels=3)
    assert x0.shape == (2, 3, 8, 8)
    assert torch.equal(x0[..., :4], torch.full((2, 3, 8, 4), -1.0))
    torch.testing.assert_close(from_model_space(x0, mask), image)
    latent = to_model_space(image, mask, Halving())
    assert latent.shape == (2, 1, 4, 4)
    torch.testing.assert_close(from_model_space(latent, mask, Halving())[:, :, ::2, ::2], (latent + 1) / 2)


class Bright(Halving):
    """Its latent goes beyond the range, as a Gamma latent may."""

    def encode(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return super().encode(image, mask) + 1.7


def test_a_latent_beyond_the_range_is_clamped() -> None:
    image = torch.rand(1, 1, 8, 8, generator=drawing())
    assert torch.equal(to_model_space(image, torch.ones_like(image), Bright()), torch.ones(1, 1, 4, 4))


def test_label_maps_are_stretched_by_nearest_neighbor() -> None:
    codes = torch.arange(4).repeat(4, 1)[None]
    planes = one_hot(codes, 5, (2, 8))
    assert planes.shape == (1, 5, 2, 8)
    assert planes.argmax(dim=1)[0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


class TestTheGeneratorInNumpy:
    def test_an_image_depends_on_seed_and_index_alone(self, labels, sector) -> None:
        generator = DiffusionGenerator(pipeline())
        three, record = generator(labels, sector, count=3, seed=5)
        two, _ = generator(labels, sector, count=2, seed=5)
        assert three.dtype == np.uint8
        assert three.shape == (3, 20, 30)
        assert np.array_equal(three[:2], two)
        assert not np.array_equal(three[0], three[1])
        assert not np.array_equal(generator(labels, sector, seed=6)[0][0], three[0])
        assert not three[:, ~sector].any()
        assert record == {
            "process": "edm",
            "solver": "heun",
            "discretization": "edm",
            "steps": 4,
            "network_evaluations": 7,
            "device": "cpu",
        }

    def test_it_reads_a_folder_and_takes_solver_and_steps(self, labels, sector, tmp_path) -> None:
        pipeline().save_pretrained(tmp_path)
        _, record = DiffusionGenerator.from_folder(tmp_path)(
            labels, sector, steps=6, solver="unipc", discretization="ve"
        )
        assert (record["solver"], record["discretization"]) == ("unipc", "ve")
        assert record["network_evaluations"] == 6

    def test_it_tells_its_progress_and_can_be_cancelled(self, labels, sector) -> None:
        told: list[tuple[int, int]] = []

        def progress(done: int, total: int, message: str) -> None:
            told.append((done, total))
            if done == 6:
                raise Cancelled

        with pytest.raises(Cancelled):
            DiffusionGenerator(pipeline())(labels, sector, count=3, progress=progress)
        assert told == [(done, 12) for done in range(1, 7)]

    @pytest.mark.parametrize("changes", [{"count": 0}, {"seed": -1}, {"count": 1.5}, {"steps": 0}, {"solver": "lms"}])
    def test_parameters_out_of_range_are_refused(self, changes, labels, sector) -> None:
        with pytest.raises(InputError):
            DiffusionGenerator(pipeline())(labels, sector, **changes)

    def test_seeds_and_indices_are_not_confused(self) -> None:
        drawn = {float(torch.rand(1, generator=generator_of(seed, i))) for seed in range(10) for i in range(10)}
        assert len(drawn) == 100

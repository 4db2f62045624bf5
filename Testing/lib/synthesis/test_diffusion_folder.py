"""A diffusion model's folder: written, read again, and refused where it is not what it should be."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

from made_apart import assert_equal_weights  # noqa: E402
from small_pipelines import SIDE, Cached, Halving, drawing, pipeline, settings_of  # noqa: E402

from EchoSynthLib.errors import ModelError  # noqa: E402
from EchoSynthLib.networks.diffusion.processes.registry import PROCESSES, make_process  # noqa: E402
from EchoSynthLib.synthesis.diffusion.diffusers_pipeline import SemanticDiffusionPipeline  # noqa: E402


def assert_draw_the_same(saved, loaded, labels, sector) -> None:
    assert_equal_weights(loaded.network, saved.network)
    if saved.autoencoder is not None:
        assert_equal_weights(loaded.autoencoder, saved.autoencoder)
    images = [each(labels, sector, generator=drawing()).images for each in (saved, loaded)]
    np.testing.assert_allclose(*images, atol=1e-4)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_model_of_any_process_is_saved_and_loaded_and_draws_the_same(process, labels, sector, tmp_path) -> None:
    saved = pipeline(process, default_solver="ddim", default_discretization="iddpm", channels=2)
    saved.save_pretrained(tmp_path)
    loaded = SemanticDiffusionPipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    assert settings_of(loaded) == settings_of(saved)
    assert type(loaded.process) is PROCESSES[process]
    assert_draw_the_same(saved, loaded, labels, sector)


def test_settings_of_process_and_autoencoder_are_saved_too(labels, sector, tmp_path) -> None:
    process = make_process("edm", sigma_data=0.7, P_mean=-0.4)
    saved = SemanticDiffusionPipeline(Cached(), process, Halving(0.5), rows=SIDE, columns=SIDE, default_steps=3)
    saved.save_pretrained(tmp_path)
    loaded = SemanticDiffusionPipeline.from_pretrained(tmp_path)
    assert (loaded.process.sigma_data, loaded.process.P_mean) == (0.7, -0.4)
    assert float(loaded.autoencoder.brightness) == 0.5
    for each in (saved, loaded):
        each.set_progress_bar_config(disable=True)
    assert_draw_the_same(saved, loaded, labels, sector)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json", ".safetensors"}


def test_a_latent_model_of_our_own_networks_is_loaded_by_who_has_not_imported_them(
    labels, sector, tmp_path, monkeypatch
) -> None:
    from EchoSynthLib.networks.semantic.presets import build
    from EchoSynthLib.synthesis.gamma_latent import presets as gamma_latent

    network = build("EDM-L64", "small", width=8, hidden=8, classes=5).eval()
    autoencoder = gamma_latent.build("small", channels=(8, 8, 8)).eval()
    saved = SemanticDiffusionPipeline(network, make_process("edm"), autoencoder, rows=64, columns=64, default_steps=2)
    saved.save_pretrained(tmp_path)
    for component in (network, autoencoder):
        monkeypatch.delitem(sys.modules, type(component).__module__)
    loaded = SemanticDiffusionPipeline.from_pretrained(tmp_path)
    for each in (saved, loaded):
        each.set_progress_bar_config(disable=True)
    assert loaded.grid == (16, 16)
    assert_draw_the_same(saved, loaded, labels, sector)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"_class_name": "DDPMPipeline"}, "DDPMPipeline"),
        ({"network": ["os", "system"]}, "import that module"),
        ({"network": ["never_imported", "Network"]}, "import that module"),
        ({"network": ["EchoSynthLib.networks.unet", "UNet"]}, "import that module"),
        ({"network": ["EchoSynthLib.demo", "main"]}, "import that module"),
        ({"network": ["EchoSynthLib.networks.no.where", "Network"]}, "import that module"),
        ({"autoencoder": ["small_pipelines", "Halving"]}, "lacks the folder autoencoder"),
    ],
)
def test_a_folder_that_names_something_else_is_refused(change, match, tmp_path) -> None:
    pipeline().save_pretrained(tmp_path)
    path = tmp_path / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=match):
        SemanticDiffusionPipeline.from_pretrained(tmp_path)


def test_a_folder_that_is_not_there_or_has_lost_its_weights_is_refused(tmp_path) -> None:
    with pytest.raises(ModelError, match="no diffusion model"):
        SemanticDiffusionPipeline.from_pretrained(tmp_path / "nowhere")
    pipeline().save_pretrained(tmp_path)
    (tmp_path / "network" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match="network"):
        SemanticDiffusionPipeline.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "name", ["../other/network", "..", ".", "network/../../other/network", "a\\..\\b", "C:network"]
)
def test_a_component_lies_in_its_own_model_folder(name: str, tmp_path: Path) -> None:
    for model in ("mine", "other"):
        pipeline().save_pretrained(tmp_path / model)
    path = tmp_path / "mine" / "model_index.json"
    index = json.loads(path.read_text())
    for led_out in (name, str(tmp_path / "other" / "network")):
        path.write_text(json.dumps(index | {led_out: index["network"]}))
        with pytest.raises(ModelError, match="leads out of the model folder"):
            SemanticDiffusionPipeline.from_pretrained(tmp_path / "mine")


@pytest.mark.skipif(sys.platform == "win32", reason="links are for POSIX")
@pytest.mark.parametrize("linked", ["network", "network/config.json", "network/diffusion_pytorch_model.safetensors"])
def test_a_component_is_no_link_out_of_its_model_folder(linked: str, tmp_path: Path) -> None:
    for model in ("mine", "other"):
        pipeline().save_pretrained(tmp_path / model)
    mine = tmp_path / "mine" / linked
    shutil.rmtree(mine) if mine.is_dir() else mine.unlink()
    mine.symlink_to(tmp_path / "other" / linked)
    with pytest.raises(ModelError, match=r"'network'.*leads out of the model folder"):
        SemanticDiffusionPipeline.from_pretrained(tmp_path / "mine")


def test_a_list_of_weights_names_files_of_its_own_component(tmp_path: Path) -> None:
    for model in ("mine", "other"):
        pipeline().save_pretrained(tmp_path / model)
    weights = "diffusion_pytorch_model.safetensors"
    (tmp_path / "mine" / "network" / weights).unlink()
    shards = {"metadata": {}, "weight_map": {"out.bias": f"../../other/network/{weights}"}}
    (tmp_path / "mine" / "network" / f"{weights}.index.json").write_text(json.dumps(shards))
    with pytest.raises(ModelError, match="leads out of the model folder"):
        SemanticDiffusionPipeline.from_pretrained(tmp_path / "mine")


OF_VERSION_0_1 = [
    ("networks.semantic.adm_unet", "ADMUNet"),
    ("networks.semantic.sdm_unet", "SDMUNet"),
    ("networks.semantic.song_unet", "SongUNet"),
    ("synthesis.gamma_latent.autoencoder", "GammaAutoencoder"),
    ("synthesis.diffusion.processes.ddpm", "DDPM"),
    ("synthesis.diffusion.processes.edm", "EDM"),
    ("synthesis.diffusion.processes.gamma_noise", "GammaNoise"),
    ("synthesis.diffusion.processes.ve", "VE"),
    ("synthesis.diffusion.processes.vp", "VP"),
]


@pytest.mark.parametrize(("module", "name"), OF_VERSION_0_1)
def test_what_the_folders_of_version_0_1_name_is_where_they_look_for_it(module: str, name: str, tmp_path: Path) -> None:
    from EchoSynthLib.synthesis.diffusion.loading import _load_component

    with pytest.raises(ModelError, match="lacks the folder part"):
        _load_component(tmp_path / "part", f"EchoSynthLib.{module}", name)


@pytest.mark.parametrize("index", ["[]", "nonsense", '"text"'])
def test_an_index_that_is_no_object_is_refused(index: str, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(index)
    with pytest.raises(ModelError, match="no diffusion model"):
        SemanticDiffusionPipeline.from_pretrained(tmp_path)

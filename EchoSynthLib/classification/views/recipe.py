"""How views are learned: drawn hearts in every view and real frames of what there is (torch)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.checksums import sha256_of_json
from EchoSynthLib.classification.views.augment import augmented
from EchoSynthLib.classification.views.classes import CLASSES, COARSE, NOT_2D
from EchoSynthLib.classification.views.drawn.chunks import Pictures, drawn_pictures
from EchoSynthLib.classification.views.drawn.pictures import SCREENS
from EchoSynthLib.classification.views.drawn.screen import on_screen
from EchoSynthLib.classification.views.export import export
from EchoSynthLib.classification.views.gate import Gate
from EchoSynthLib.classification.views.network import network_of, resized, standardized
from EchoSynthLib.classification.views.real import RealPicture, camus_pictures, other_pictures
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.picture_box import seen
from EchoSynthLib.training.card import Made, train_command
from EchoSynthLib.training.derived import derived, sum_of_data
from EchoSynthLib.training.loop import Moment
from EchoSynthLib.training.loop import train as run_loop
from EchoSynthLib.training.run import TrainingRun
from EchoSynthLib.training.settings import Settings
from EchoSynthLib.training.terms import CAMUS

BATCH = 32
ITERATIONS = 3_500
"""Where neither iterations nor minutes are asked for."""
DRAWN = 7_500
"""Pictures that are drawn to learn from, and `HELD` more to be judged on; each is shown on some screens."""
HELD = 500
APART = 0.1
"""Share of the train split's frames, patient by patient, that the gate is fitted on rather than the network."""
OF_BATCH = {"camus": 7, "others": 3}
"""Real pictures of a batch; where there are none of a kind, drawn ones take their place."""
SMOOTHING = 0.08
_SCREENS = 3
"""Times that each real picture is seen: as it is, and as other screens would show it."""
_REVISION = 1
LABORATORY_TERMS = """
Also learned from some frames of the TTE47 set (CC BY-NC-SA 4.0, Imperial College Healthcare NHS Trust;
cite Naidoo et al., Medical Image Analysis 2026), from an apical long-axis cine (riponazad/echotracker, MIT), muscle
sequences (timvanderzee/ultrasound-automated-algorithm, CC0), and pictures of ITKPOCUS (KitwareMedical, Apache-2.0) and
of GDCM's test data, as far as they lay beside CAMUS.
"""


def train(run: TrainingRun, *, preset: str = "small", drawn: str = str(DRAWN)) -> Path:
    """Train on drawn pictures, on the train split of a CAMUS `.npz`, and on what lies beside it.

    Returns the model folder it makes. Pictures are drawn once and kept in the output folder. Figures are told of drawn
    hearts and of real series that were not learned from; nothing was chosen by the val split of CAMUS.

    Raises:
        InputError: the data cannot be read.
    """
    run = run.of(ITERATIONS)
    torch.manual_seed(run.seed)
    count = int(drawn)
    every = drawn_pictures(run.output / "drawn", run.seed, count + HELD, run.progress)
    cut = count * SCREENS
    held = Pictures(every.images[cut:], every.places[cut:])
    chosen = Pictures(every.images[:cut], every.places[:cut])
    root = run.data.resolve().parent.parent
    others = list(other_pictures(root))
    images, views = camus_pictures(run.data, "train")
    apart = round(APART * len(images))
    camus = _real(run, images[:-apart], views[:-apart], "camus")
    left = _real(run, images[-apart:], views[-apart:], "left_out")
    taught = [one for one in others if one.use == "train"]
    beside = _real(run, [one.gray for one in taught], [one.view for one in taught], "others")
    balance = np.repeat(_balance(taught), _SCREENS)
    settings = Settings(
        **run.budget, learning_rate=2e-3, weight_decay=0.02, constant=0.3, ema_decay=0.995, clip=5.0, seed=run.seed
    )
    judges = Judges(held, *camus_pictures(run.data, "val"), [one for one in others if one.use == "held"], preset)
    average, state = run_loop(
        network_of(preset),
        ViewLoss(chosen, camus, beside, preset, run.device, balance),
        settings,
        run.output,
        basis={"recipe": f"classification.views, {preset}, {count} drawn", "data": sum_of_data(run.data)},
        resume=run.resume,
        validate=lambda average: judges.figures(average, run.device),
        progress=run.progress,
        device=run.device,
    )
    command = train_command(run.name, run.data, run.output, **run.asked)
    sources = ", ".join(sorted({one.source.split(":")[0] for one in taught})) or "nothing else"
    made = Made(
        f"{count} drawn pictures of {len(CLASSES)} classes, each on {SCREENS} screens; CAMUS, {1 - APART:.0%} of the "
        f"patients of the train split; beside it {len(taught)} real frames "
        f"of {sources}",
        CAMUS + LABORATORY_TERMS,
        command,
        run.device,
        f"val split: CAMUS val, {HELD} drawn pictures of other hearts, and real series that were not learned from",
    )
    unseen = Pictures.joined([left, held])
    gate = Gate.fitted(shares_of(average, unseen.images, run.device, preset), unseen.places)
    return export(average, run.output / run.name, state, made, preset, gate, BATCH)


class ViewLoss:
    """Draws a batch of drawn and real pictures, changes them, and gives the cross-entropy of their views."""

    def __init__(
        self,
        drawn: Pictures,
        camus: Pictures,
        others: Pictures,
        preset: str,
        device: str,
        balance: NDArray[np.float64] | None = None,
    ) -> None:
        """`balance` tells how often each of the others is drawn; None has all as often."""
        self.parts = {"camus": camus, "others": others}
        self.parts = {name: part for name, part in self.parts.items() if len(part)}
        real = sum(OF_BATCH[name] for name in self.parts)
        self.sources: list[tuple[Tensor, Tensor, int, Tensor | None]] = [(*_tensors(drawn), BATCH - real, None)]
        for name, part in self.parts.items():
            weights = None if balance is None or name != "others" else torch.from_numpy(balance)
            self.sources.append((*_tensors(part), OF_BATCH[name], weights))
        self.preset, self.device = preset, device

    def __call__(self, network: nn.Module, moment: Moment) -> Tensor:
        """The mean loss of one batch."""
        images, places = self.batch(moment.generator)
        logits = network(standardized(images.to(self.device)))
        return F.cross_entropy(logits, places.to(self.device), label_smoothing=SMOOTHING)

    def batch(self, generator: Generator) -> tuple[Tensor, Tensor]:
        """Pictures (32, side, side) in [0, 1], and the places of their classes (32,)."""
        images, places = [], []
        for of, told, count, weights in self.sources:
            if weights is None:
                index = torch.randint(0, len(of), (count,), generator=generator)
            else:
                index = torch.multinomial(weights, count, replacement=True, generator=generator)
            images.append(of[index])
            places.append(told[index])
        mixed = resized(torch.cat(images).float() / 255, self.preset)
        return augmented(mixed, generator), torch.cat(places)


class Judges:
    """Pictures that were not learned from, and the figures of a network on them."""

    def __init__(
        self, held: Pictures, val: NDArray[np.uint8], views: Sequence[str], others: Sequence[RealPicture], preset: str
    ) -> None:
        self.held, self.preset = held, preset
        self.val = Pictures(np.stack([seen(one) for one in val]), _places(views))
        self.others = [(seen(one.gray), one.view) for one in others]

    def figures(self, network: nn.Module, device: str) -> dict[str, float]:
        """Shares told right: drawn ones, coarse drawn ones, CAMUS val, and of coarse classes of the other real ones."""
        drawn = shares_of(network, self.held.images, device, self.preset)
        found = {"drawn, class": float(np.mean(drawn.argmax(1) == self.held.places))}
        truth = [CLASSES[place] for place in self.held.places]
        found["drawn, coarse class, mean recall"] = mean_recall(drawn, truth)
        val = shares_of(network, self.val.images, device, self.preset)
        found["CAMUS val, class"] = float(np.mean(val.argmax(1) == self.val.places))
        pair = [CLASSES.index(view.name) for view in (TWO_CHAMBER, FOUR_CHAMBER)]
        told = np.array(pair)[val[:, pair].argmax(1)]
        found["CAMUS val, of the two views"] = float(np.mean(told == self.val.places))
        if self.others:
            images = np.stack([image for image, _ in self.others])
            shares = shares_of(network, images, device, self.preset)
            found["other real frames, coarse class, mean recall"] = mean_recall(
                shares, [view for _, view in self.others]
            )
        return found


@torch.inference_mode()
def shares_of(network: nn.Module, images: NDArray[np.uint8], device: str, preset: str) -> NDArray[np.float64]:
    """Shares (N, classes) of what the network sees (N, 96, 96)."""
    network.eval()
    found = [
        network(standardized(resized(part.float() / 255, preset).to(device))).softmax(1).cpu()
        for part in torch.from_numpy(images).split(200)
    ]
    return torch.cat(found).numpy().astype(np.float64)


def mean_recall(shares: NDArray[np.float64], views: Sequence[str]) -> float:
    """Mean over coarse classes, of those that there are, of the share of their pictures that is told right."""
    sums = np.stack([shares[:, [CLASSES.index(name) for name in group]].sum(1) for group in COARSE.values()], axis=1)
    group_of = {name: place for place, group in enumerate(COARSE.values()) for name in group}
    truth, told = np.array([group_of[view] for view in views]), sums.argmax(1)
    return float(np.mean([np.mean(told[truth == place] == place) for place in np.unique(truth)]))


def _real(run: TrainingRun, images: Sequence[NDArray] | NDArray, views: Sequence[str], name: str) -> Pictures:
    """Real pictures as the network sees them: as they are, and on other screens; kept in the output folder."""
    if not len(images):
        return Pictures(np.zeros((0, 96, 96), np.uint8), np.zeros(0, np.int64))
    origin = sha256_of_json([name, _REVISION, _SCREENS, len(images), int(sum(int(image.sum()) for image in images))])

    def make() -> dict[str, NDArray]:
        made = []
        for index, image in enumerate(images):
            rng = np.random.default_rng((run.seed, index, *b"screens"))
            whole = np.ascontiguousarray(image)
            is_sector = views[index] != NOT_2D
            made += [seen(whole), *(seen(on_screen(_cropped(whole), rng, is_sector)) for _ in range(_SCREENS - 1))]
        return {"images": np.stack(made), "places": np.repeat(_places(views), _SCREENS)}

    kept = derived(run.output / f"{name}.npz", origin, make)
    return Pictures(kept["images"], kept["places"])


def _cropped(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The box of a real picture, in about the size of the drawn ones."""
    from PIL import Image

    from EchoSynthLib.images.picture_box import picture_box

    top, bottom, left, right = picture_box(gray)
    box = Image.fromarray(gray[top:bottom, left:right])
    width = round(150 * min(2.0, max(0.5, box.width / box.height)))
    return np.asarray(box.resize((width, 150), Image.Resampling.BILINEAR))


def _places(views: Sequence[str]) -> NDArray[np.int64]:
    unknown = set(views) - set(CLASSES)
    if unknown:
        raise InputError(f"No class is called {', '.join(sorted(unknown))}; there are {', '.join(CLASSES)}.")
    return np.array([CLASSES.index(view) for view in views], np.int64)


def _tensors(pictures: Pictures) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(pictures.images), torch.from_numpy(pictures.places)


def _balance(pictures: Sequence[RealPicture]) -> NDArray[np.float64]:
    """(N,) weights: of each class as many as of any other, and in it of each series."""
    series = Counter((one.view, one.source) for one in pictures)
    views = Counter(view for view, _ in series)
    return np.array([1 / (series[one.view, one.source] * views[one.view]) for one in pictures])

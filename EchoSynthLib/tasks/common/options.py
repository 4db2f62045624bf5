"""Parameters that several tasks take, declared once: a task derives from the mixins whose parameters it has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, Capability, taken_view, view_names
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_frame import QUALITIES
from EchoSynthLib.tasks.task import parameter
from EchoSynthLib.types import Spacing

LARGEST_SEED = 2**31 - 1
LARGEST_STRENGTH = 1.5
SECTOR = 'ultrasound sector as JSON, as "sector" in the record of a synthetic image'
IMAGES = "image or cine (NIfTI, MHD, NRRD, PNG, JPEG, DICOM, AVI, MP4, npy), or a folder"
_SMALLEST_PIXEL_MM, _LARGEST_PIXEL_MM = 0.001, 100.0


def seed_parameter(help: str) -> Any:
    """The declaration of a seed; `help` says what depends on it."""
    return parameter(0, minimum=0, maximum=LARGEST_SEED, help=help)


def skill_parameter() -> Any:
    """The declaration of how steady the hand is that holds the probe over a heart of the cohort."""
    told = "spread of the hand's errors: 0 to the book, 1 routine, 2 a beginner"
    return parameter(1.0, minimum=0, maximum=5, help=told)


def workers_parameter(help: str) -> Any:
    """The declaration of the processes that share the work; `help` says what they do."""
    return parameter(1, minimum=1, maximum=1000, unit="processes", help=help)


def cluster_parameter() -> Any:
    """The declaration of a Dask cluster that does the work."""
    return parameter(
        None,
        help="instead of workers: address of a Dask scheduler (tcp://HOST:8786), its file (scheduler.json), or local:2",
    )


def views_asked(text: str, capability: Capability, also: str = "") -> list[str]:
    """Names of the views in a text with commas between, each once; `also` says what else may be given.

    Raises:
        InputError: there is none, or one that the capability does not take.
    """
    asked = [name.strip() for name in text.split(",") if name.strip()]
    if not asked:
        raise InputError(f"No view was given; give some of {', '.join(view_names(capability))}{also}.")
    return list(dict.fromkeys(taken_view(name, capability).name for name in asked))


def view_parameter(capability: Capability, default: str = FOUR_CHAMBER.name, *, help: str) -> Any:
    """The declaration of a view that something takes, by any of its names; 'auto' is one where it is the default."""
    choices = dict.fromkeys([default, *view_names(capability)]) if default == "auto" else view_names(capability)
    return parameter(
        default, choices=tuple(choices), spelling=lambda text: taken_view(text, capability).name, help=help
    )


def _side_of_a_pixel(help: str) -> Any:
    return parameter(None, minimum=_SMALLEST_PIXEL_MM, maximum=_LARGEST_PIXEL_MM, unit="mm", help=help)


@dataclass(frozen=True, kw_only=True)
class PixelSize:
    """The size of a pixel by hand."""

    row_spacing: float | None = _side_of_a_pixel(
        "height of a pixel, where the file carries none; goes with the column spacing"
    )
    column_spacing: float | None = _side_of_a_pixel(
        "width of a pixel, where the file carries none; goes with the row spacing"
    )

    def pixel_size(self) -> Spacing | None:
        """(row, column) in mm, or None where neither is given.

        Raises:
            InputError: only one of the two is given.
        """
        row_mm, column_mm = self.row_spacing, self.column_spacing
        if row_mm is None and column_mm is None:
            return None
        if row_mm is None or column_mm is None:
            given, missing = ("row", "column") if column_mm is None else ("column", "row")
            raise InputError(
                f"The parameter {given}_spacing was given without {missing}_spacing; give both in mm, or neither."
            )
        return row_mm, column_mm


@dataclass(frozen=True, kw_only=True)
class Strictness:
    """What becomes of an image that is not trusted."""

    strict: bool = parameter(
        False, help="refuse an image that is not trusted to show an apical view of a heart; without it, a warning"
    )


@dataclass(frozen=True, kw_only=True)
class SynthesisOptions(PixelSize):
    """What images that follow label maps are drawn with."""

    view: str = view_parameter(
        "synthesis", "auto", help="apical view that a label map shows; auto takes that of its name, else 4CH"
    )
    model: str = parameter("beam-flow", help="name of the model, see `echosynth models`")
    steps: int | None = parameter(
        None, minimum=1, maximum=1000, unit="steps", help="of the model; none takes the model's default"
    )
    solver: str | None = parameter(
        None, help="of a diffusion model, such as heun, ddim or dpm-solver++; none takes the model's default"
    )
    device: str = parameter(
        "auto",
        help="for models that run in PyTorch: cpu, cuda, cuda:1, mps: what torch knows; auto takes a GPU if any; "
        "without effect on others, with a warning",
    )
    quality: str | None = parameter(None, choices=QUALITIES, help="image quality; none leaves it to the model")
    reference: Path | None = parameter(
        None, help="image or cine of the label map's size whose sector and geometry are taken"
    )
    sector: str | None = parameter(None, help=f"{SECTOR}; instead of a reference")

    def drawing(self) -> dict[str, Any]:
        """How `api.synthesis.synthesize` is to draw; sector and view, which files may tell, are apart."""
        names = ("model", "steps", "solver", "device", "quality")
        return {name: getattr(self, name) for name in names}

"""Citation and terms of a model: those of the data it was trained on, as the data carry them."""

from __future__ import annotations

import json
from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.training.beam_data import BeamData

FILE = "TERMS.md"
"""Beside a user's own data: their citation and terms, which go into the card word for word."""

CAMUS = """Trained on CAMUS (CC BY-NC-SA 4.0): non-commercial research use only, not for clinical use. Cite:

S. Leclerc et al., "Deep Learning for Segmentation Using an Open Large-Scale Dataset in 2D Echocardiography",
IEEE Transactions on Medical Imaging 38(9):2198-2210, 2019, doi 10.1109/TMI.2019.2900516.
"""

NOBODYS = "Made from hearts that nobody has; no image of a patient was used. Not for clinical use.\n"

UNKNOWN = f"""Terms: as told by whoever trained it. It learned from frames that came without a {FILE} beside them, so
neither their citation nor their terms are known here; ask before the model is used or passed on. Not for clinical use.
"""


def terms_of(frames: BeamData, data: Path) -> str:
    """Citation and terms, Markdown, of the frames of the file `data`.

    CAMUS' frames are known by their pixels; of all others TERMS.md beside the data tells.

    Raises:
        InputError: TERMS.md cannot be read as text.
    """
    path = data.with_name(FILE)
    try:
        told = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        told = ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text ({error}); it tells the terms of the data.") from error
    parts = [CAMUS] if frames.is_of_camus.any() else []
    if told:
        parts.append(f"{told}\n")
    elif not parts or (~frames.is_of_camus & ~frames.is_synthetic).any():
        parts.append(UNKNOWN)
    return "\n".join(parts)


def terms_in(folder: Path, otherwise: str) -> str:
    """Citation and terms, Markdown: TERMS.md of a folder of data, or `otherwise` where there is none.

    Raises:
        InputError: it cannot be read as text.
    """
    try:
        return (folder / FILE).read_text(encoding="utf-8").strip() + "\n"
    except FileNotFoundError:
        return otherwise
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder / FILE} cannot be read as UTF-8 text ({error}).") from error


def terms_of_cines(folder: Path) -> str:
    """Citation and terms of a folder in EchoNet-Dynamic's layout; `echosynth cine-dataset` leaves a record in its own.

    Raises:
        InputError: TERMS.md cannot be read as text.
    """
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = None
    drawn = isinstance(record, dict) and record.get("task") == "cine-dataset"
    return terms_in(folder, NOBODYS if drawn else UNKNOWN)

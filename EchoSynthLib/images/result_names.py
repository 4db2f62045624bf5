"""What results are called: after the file they were made of, and no two of one folder alike on any file system."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from EchoSynthLib.images.formats import stem_of

# File systems hold 255 bytes in a name; what results add to that of their input has room in the rest.
_MOST_BYTES = 200


def result_stem(stem: str) -> str:
    """A name as results can carry it: in UTF-8, for not every library writes others, and with room for an ending.

    A name in the bytes of an older system is read as Latin-1, M\\xfcller as Müller; of one that is too long the end is
    replaced by a hash.
    """
    raw = os.fsencode(stem)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "".join(one if one.isprintable() else "_" for one in raw.decode("latin-1"))
    if len(text.encode()) > _MOST_BYTES:
        text = text.encode()[: _MOST_BYTES - 9].decode("utf-8", "ignore") + "_" + hashlib.sha256(raw).hexdigest()[:8]
    # Python knows files by other texts where the system's names are not in UTF-8.
    return os.fsdecode(text.encode())


def distinct_stems(files: Sequence[Path], clean: Callable[[str], str] = result_stem) -> list[str]:
    """The name that each file's results begin with, which for most is its own without the suffix.

    Files whose results would meet keep their suffix: a.png and a.dcm are a_png and a_dcm. Names count as the same that
    are on Windows or macOS, as a and A, or one letter written in two ways.
    """
    return distinct([clean(stem_of(file)) for file in files], [clean(file.name.replace(".", "_")) for file in files])


def distinct(short: Sequence[str], long: Sequence[str]) -> list[str]:
    """Each short name where no other is like it, else the long one, with a number where that is taken, too."""
    counts = Counter(map(folded, short))
    taken = {name for name, count in counts.items() if count == 1}
    names: list[str] = []
    for brief, whole in zip(short, long, strict=True):
        name, number = brief, 1
        if counts[folded(brief)] > 1:
            name = whole
            while folded(name) in taken:
                number += 1
                name = f"{whole}_{number}"
            taken.add(folded(name))
        names.append(name)
    return names


def folded(name: str) -> str:
    """What is the same for two names that are one file on some file system."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

"""An output that is a folder for results called after their input, or the one file that is wanted."""

from __future__ import annotations

from pathlib import Path

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.formats import stem_of, suffix_of
from EchoSynthLib.images.result_names import result_stem
from EchoSynthLib.tasks.common.output_places import is_folder, names_file


def place_of(output: Path, image: Path, ending: str, formats: tuple[str, ...]) -> tuple[Path, str, str]:
    """Folder, file name and record name of a task's one result.

    Args:
        output: a folder, or the file's name.
        image: that it is made of.
        ending: of a name in a folder, such as '_motion.npy'; its suffix is the default one.
        formats: suffixes that the file may have.

    Raises:
        InputError: the name ends otherwise, or is the image's own.
    """
    if not names_file(output):
        stem = result_stem(stem_of(image))
        return output, f"{stem}{ending}", f"{stem}{ending.split('.')[0]}_record.json"
    if suffix_of(output) not in formats:
        raise InputError(
            f"{output} is no file that this can be written to; end the name in one of {', '.join(formats)}, or give a "
            "folder."
        )
    if is_folder(output) is False and output.samefile(image):
        raise InputError(f"The output {output} is the image itself; give another name.")
    return output.parent, output.name, f"{stem_of(output)}_record.json"

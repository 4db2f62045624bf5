"""`echosynth demo`: a label map becomes eight echocardiograms, and each of them a label map again.

Without any data the label maps are parametric hearts. Where CAMUS is found, a real frame is segmented too, its label
map is varied, and every variation is synthesized and segmented again. How far the second label map agrees with the
first is the result.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import EchoSynthLib as es
from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER
from EchoSynthLib.demo_results import (
    FIRST_LINE,
    STRUCTURES,
    DemoResult,
    DemoSource,
    format_csv,
    format_table,
    write_files,
)
from EchoSynthLib.errors import OutputError
from EchoSynthLib.progress import part, silent
from EchoSynthLib.types import Progress

if TYPE_CHECKING:
    import numpy as np

    from EchoSynthLib.images.datasets.camus import CamusFrame
    from EchoSynthLib.images.picture_sheet import Section


COUNT = 8
SHEET, REAL_SHEET, TABLE, CSV = "sheet.png", "sheet_camus.png", "table.txt", "table.csv"


def main(output: Path | str = "demo", seed: int = 0) -> int:
    """Run the demo in a terminal: a progress bar, then the table and where to look; returns the exit status 0."""
    from EchoSynthLib.progress import TerminalProgress

    with TerminalProgress() as progress:
        report = run_demo(output, seed, progress)
    print(summary(report))
    return 0


def run_demo(output: Path | str = "demo", seed: int = 0, progress: Progress | None = None) -> dict[str, Any]:
    """Run the demo and put its pictures, NIfTI files, table and records into a folder, all together at the end.

    Args:
        output: the folder; it is made, and files of an earlier demo in it are replaced.
        seed: of all random parts; image i depends on (seed, i) alone.
        progress: called as progress(done, total, message) between steps; may raise Cancelled.

    Returns:
        {"output", "table" (text), "sheets" (paths), "dice" {source: {structure: mean}}}.

    Raises:
        ModelError: a model is missing or damaged.
        OutputError: the folder cannot be written, or holds something else under these names; nothing was changed.
    """
    from EchoSynthLib.outputs import OutputFolder

    output, told = Path(output), progress or silent
    sources = list(_sources())
    _check_replaceable(output, [SHEET, REAL_SHEET, TABLE, CSV, *(source.name for source in sources)])
    with OutputFolder(output) as folder:
        results = [_run(source, seed, part(told, number, len(sources) + 1)) for number, source in enumerate(sources)]
        writing = part(told, len(sources), len(sources) + 1)
        for number, result in enumerate(results):
            writing(number, len(results), "writing the NIfTI files")
            write_files(folder / result.source.name, result)
        table = format_table(results)
        (folder / TABLE).write_text(table, encoding="utf-8", errors="backslashreplace")
        (folder / CSV).write_text(format_csv(results), encoding="utf-8")
        sheets = _draw_sheets(folder, results)
    return {
        "output": str(output),
        "table": table,
        "sheets": [str(output / name) for name in sheets],
        "dice": {result.source.name: result.mean_scores() for result in results},
    }


def _check_replaceable(folder: Path, names: list[str]) -> None:
    """OutputError where something in the folder would be replaced that is of no earlier demo."""
    taken = [name for name in names if os.path.lexists(folder / name)]
    try:
        of_a_demo = (folder / TABLE).read_text(encoding="utf-8", errors="replace").startswith(FIRST_LINE)
    except OSError:
        of_a_demo = False
    if taken and not of_a_demo:
        raise OutputError(
            f"{folder / taken[0]} is there already, and of no demo; choose another output, or take it away. "
            "Nothing was changed."
        )


def summary(report: dict[str, Any]) -> str:
    """What the command prints at its end: the table, and where to look."""
    sheets = [f"  {path}" for path in report["sheets"]]
    files = f"  {report['output']}/  (NIfTI files, records, table.csv)"
    return "\n".join([report["table"], "Look at", *sheets, files])


def _sources() -> Iterator[DemoSource]:
    from EchoSynthLib.anatomy.heart2d.parametric import parametric_heart
    from EchoSynthLib.anatomy.sector.fit import fit_sector

    for view in (FOUR_CHAMBER, TWO_CHAMBER):
        heart = parametric_heart(view.name)
        drawn = f"a parametric {view.long_name} heart at end-diastole"
        title = f"{drawn.capitalize()}, {COUNT} echocardiograms of it, and their segmentation"
        yield DemoSource(f"parametric_{view.name}", title, view.name, heart.label_map, heart.spacing, heart.sector)
    frame = _camus_frame()
    if frame is not None and frame.label_map is not None:
        spacing = frame.spacing if frame.spacing_trusted else None
        title = f"CAMUS {frame.name}: the real frame, variations of its segmentation, and what became of them"
        sector = fit_sector(frame.image, spacing)
        yield DemoSource(f"camus_{frame.name}", title, frame.view, frame.label_map, spacing, sector, frame.image)


def _camus_frame() -> CamusFrame | None:
    """The first annotated frame of the validation patients; None where CAMUS is not found."""
    from EchoSynthLib.images.datasets.camus import find_camus, iterate_camus

    folder = find_camus()
    if folder is None:
        return None
    layouts = (folder / "native_4ch", folder / "camus_224.npz", folder)
    frames = iterate_camus(next(place for place in layouts if place.exists()))
    return next((frame for frame in frames if frame.label_map is not None and frame.split in ("val", None)), None)


def _run(source: DemoSource, seed: int, progress: Progress) -> DemoResult:
    """Label maps -> images -> label maps, the first half of the steps for each arrow."""
    from EchoSynthLib.evaluation.segmentation_metrics import structure_dice

    result = DemoResult(source)
    drawing = part(progress, 0, 2, f"{source.name}, synthesis")
    if source.frame is None:
        _synthesize_again(result, seed, drawing)
    else:
        _synthesize_variations(result, source.frame, seed, drawing)
    segmenting = part(progress, 1, 2, f"{source.name}, segmentation")
    for number, image in enumerate(result.images):
        segmenting(number, COUNT, f"image {number + 1} of {COUNT}")
        segmentation, record = es.segment(image, source.spacing, view=source.view)
        result.segmentations.append(segmentation)
        result.scores.append(structure_dice(segmentation, result.label_maps[number]))
        result.records[number]["segmentation"] = record
    return result


def _synthesize_again(result: DemoResult, seed: int, progress: Progress) -> None:
    """One label map gives COUNT images."""

    source = result.source
    images, record = es.synthesize(
        source.label_map, COUNT, seed, source.view, sector=source.sector, spacing=source.spacing, progress=progress
    )
    result.label_maps = [source.label_map] * COUNT
    result.images = list(images)
    result.records = [_record(record, number, f"{source.name}/label_map.nii.gz") for number in range(COUNT)]


def _synthesize_variations(result: DemoResult, frame: np.ndarray, seed: int, progress: Progress) -> None:
    """The real frame is segmented; COUNT variations of its label map give an image each."""
    from EchoSynthLib.evaluation.segmentation_metrics import structure_dice

    source = result.source
    progress(0, COUNT, "the real frame is segmented")
    result.frame_segmentation, _ = es.segment(frame, source.spacing, view=source.view)
    result.frame_scores = structure_dice(result.frame_segmentation, source.label_map)
    result.label_maps = list(es.variations(result.frame_segmentation, COUNT, seed))
    for number, label_map in enumerate(result.label_maps):
        progress(number, COUNT, f"variation {number + 1} of {COUNT}")
        images, record = es.synthesize(
            label_map, 1, seed + number, source.view, sector=source.sector, spacing=source.spacing
        )
        result.images.append(images[0])
        result.records.append(_record(record, 0, f"{source.name}/variation_{number}.nii.gz"))


def _record(synthesis: dict[str, Any], index: int, label_map: str) -> dict[str, Any]:
    """How one image was made: the record of its batch, its place in it, and the label map's file."""
    return {"synthesis": {**synthesis, "synthetic": True, "index": index, "source_label_map": label_map}}


def _draw_sheets(folder: Path, results: list[DemoResult]) -> list[str]:
    """The sheet of parametric hearts holds no patient's image and may be shown anywhere; a real frame gets its own."""
    from EchoSynthLib.images.picture_sheet import draw_sheet

    synthetic = [result for result in results if result.source.frame is None]
    real = [result for result in results if result.source.frame is not None]
    sheets = {name: chosen for name, chosen in ((SHEET, synthetic), (REAL_SHEET, real)) if chosen}
    for name, chosen in sheets.items():
        draw_sheet([_section(result) for result in chosen]).save(folder / name)
    return list(sheets)


def _section(result: DemoResult) -> Section:
    from EchoSynthLib.images.overlay import pixel_aspect
    from EchoSynthLib.images.picture_sheet import Section, Tile, colored, gray, legend

    source, aspect = result.source, pixel_aspect(result.source.spacing)
    maps = [Tile(colored(label_map), f"variation {n}", aspect) for n, label_map in enumerate(result.label_maps)]
    images = [Tile(gray(image), f"synthetic {n}", aspect) for n, image in enumerate(result.images)]
    outlines = [
        Tile(gray(image), _dice_line(score), aspect, segmentation)
        for image, segmentation, score in zip(result.images, result.segmentations, result.scores, strict=True)
    ]
    explained = Tile(
        legend(["", "Dice (%): cavity /", "with myocardium / atrium", "mean " + _dice_line(result.mean_scores())])
    )
    if source.frame is None or result.frame_segmentation is None or result.frame_scores is None:
        return Section(
            source.title, [[Tile(colored(source.label_map), "label map", aspect), *images], [explained, *outlines]]
        )
    frame = Tile(gray(source.frame), "real frame", aspect)
    found = Tile(gray(source.frame), _dice_line(result.frame_scores), aspect, result.frame_segmentation)
    return Section(source.title, [[frame, *maps], [found, *images], [explained, *outlines]])


def _dice_line(scores: dict[str, float]) -> str:
    return " / ".join(f"{100 * scores[name]:.1f}" for name in STRUCTURES)

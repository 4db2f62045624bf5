"""Measure the figures of Docs/benchmarks.md, print them and write them there: `make bench ARGS="--only cost"`."""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import animate
import animate_figure
import contour
import cost
import cycle
import document
import measurement
import panel
import reconstruction
import registration
import registration_figure
import retrieval
import segmentation
import synthesis
import views

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, iterate_camus, load_camus_npz
from EchoSynthLib.machine import machine
from EchoSynthLib.outputs import replacing

PARTS = (
    "segmentation",
    "synthesis",
    "cost",
    "measurement",
    "cycle",
    "contour",
    "registration",
    "reconstruction",
    "animate",
    "views",
    "retrieval",
    "panel",
)
WITHOUT_DATA = ("cost", "cycle", "panel")


def main() -> None:
    """Print the tables, keep the figures beside this file and write them into Docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part of the figures")
    parser.add_argument("--every", type=int, default=1, help="use every n-th val frame: a quick look, not the figure")
    parser.add_argument("--baselines", type=Path, default=Path("runs"), help=registration.BASELINES_HELP)
    arguments = parser.parse_args()
    if arguments.every == 1:
        try:
            document.read_results()  # hours later is too late to learn that it is damaged
        except InputError as error:
            sys.exit(str(error))
    keep = _keep if arguments.every == 1 else lambda name, figures: None
    chosen = [arguments.only] if arguments.only else list(PARTS)
    folder = find_camus()
    if folder is None and not {*chosen} <= {*WITHOUT_DATA}:
        print(f"CAMUS was not found (ECHOSYNTH_DATA): only {' and '.join(WITHOUT_DATA)} can be measured.")
        chosen = [part for part in chosen if part in WITHOUT_DATA]
    if folder is not None and not {*chosen} <= {*WITHOUT_DATA}:
        frames = load_camus_npz(folder / "camus_224.npz")
        val = frames.select(frames.split == "val")
        every_pair = val
        val = val.select(slice(None, None, arguments.every))  # type: ignore[arg-type]
    if "segmentation" in chosen:
        keep("segmentation", segmentation_figures(val, folder))  # type: ignore[arg-type]
    if "synthesis" in chosen:
        keep("synthesis", synthesis_figures(val, frames.select(frames.split == "train")))
    if "cost" in chosen:
        keep("cost", cost_figures())
    if "measurement" in chosen:
        found = measurement.figures(val, folder)  # type: ignore[arg-type]
        measurement.print_figures(found)
        keep("measurement", found)
    if "cycle" in chosen:
        cines = cycle.figures(range(0, cycle.HEARTS, arguments.every))
        _print("Ejection fraction of drawn cines", cines)
        keep("cycle", {"drawn cines": cines})
    if "contour" in chosen:
        keep("contour", contour.figures(folder, arguments.every))  # type: ignore[arg-type]
    if "registration" in chosen:
        pairs = registration.every_nth_patient(every_pair, arguments.every)
        earlier = document.read_results().get("registration", {}).get("figures", {})
        found = registration.figures(pairs, folder, arguments.baselines, earlier)  # type: ignore[arg-type]
        print(document.registration(found))
        if arguments.every == 1:
            registration_figure.save(found["methods"], document.PICTURES / "registration.png")
        keep("registration", found)
    if "reconstruction" in chosen:
        hearts = reconstruction.figures(every_pair, 30 // arguments.every)  # type: ignore[arg-type]
        print(document.rows_of(hearts))
        keep("reconstruction", hearts)
    if "animate" in chosen:
        beating = animate.figures(every_pair, arguments.every)  # type: ignore[arg-type]
        print(document.rows_of(beating))
        if arguments.every == 1:
            animate_figure.save(document.PICTURES / "animate.png")
        keep("animate", beating)
    if "views" in chosen:
        told = views.figures(every_pair, folder)  # type: ignore[arg-type]
        views.print_figures(told)
        keep("views", told)
    if "retrieval" in chosen:
        again = retrieval.figures(folder)  # type: ignore[arg-type]
        print(document.rows_of(again))
        keep("retrieval", again)
    if "panel" in chosen and (figures := panel.panel_figures()) is not None:
        print(json.dumps(figures, indent=1))
        keep("panel", figures)


def _keep(name: str, figures: object) -> None:
    """Put a part, as soon as it is measured, into results.json, with its date and machine; other parts stay."""
    kept = document.read_results()
    kept[name] = {"date": datetime.date.today().isoformat(), "machine": _machine(), "figures": figures}
    with replacing(document.RESULTS) as part:
        part.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    document.write({name: kept[name]})
    print(f"\nkept in {document.RESULTS.name}, written into {document.DOCUMENT.name}")


def segmentation_figures(val: CamusArrays, folder: Path) -> dict[str, object]:
    """Dice on val as it is, under each change, at native resolution; gain of the cleaning; view accuracy."""
    clean = segmentation.clean_dice(val)
    _print("Segmentation, CAMUS val, 224 grid, per-image Dice (95 % bootstrap over patients)", clean)
    cleaning = segmentation.cleaning_gain(val)
    _print("Cleaning", [{"": name, **row} for name, row in cleaning.items()])
    changed = segmentation.changed_dice(val)
    _print("Under each change alone", [{"change": name, **row} for name, row in changed.items()])
    report: dict[str, object] = {"clean": clean, "cleaning": cleaning, "changed": changed}
    native = [(f.image, f.label_map) for f in iterate_camus(folder / "native_4ch") if f.label_map is not None]
    if native:
        report["native 4CH"] = segmentation.native_dice(native)
        _print("Native resolution, 4CH", [report["native 4CH"]])  # type: ignore[list-item]
    report["view accuracy"] = segmentation.view_accuracy(val)
    print(f"View told right: {report['view accuracy']:.3f}")
    return report


def synthesis_figures(val: CamusArrays, train: CamusArrays) -> dict[str, object]:
    """Obedience, speckle and Frechet distance at the default and at 50 steps, against the real frames."""
    sectors = synthesis.sectors_of(val)
    real = list(val.image)
    runs = {"real": real, "synthetic, default steps": synthesis.draw(val, sectors, None)}
    runs["synthetic, 1 step"] = synthesis.draw(val, sectors, 1)
    runs["synthetic, 50 steps"] = synthesis.draw(val, sectors, 50)
    runs["synthetic, default steps, no sector given"] = synthesis.draw(val, [None] * len(sectors), None)
    obeyed = {name: synthesis.obeyed(images, val) for name, images in runs.items()}
    _print("The label map obeyed: Dice of the segmentation against it", [{"": n, **r} for n, r in obeyed.items()])
    report: dict[str, object] = {"obeyed": obeyed}
    for title, measure in (("speckle", synthesis.speckle), ("fine speckle", synthesis.fine_speckle)):
        found = {name: measure(images, val, sectors) for name, images in list(runs.items())[:4]}
        rows = [{"": n, "region": region, **values} for n, table in found.items() for region, values in table.items()]
        _print(f"{title}, 224 grid", rows)
        report[title] = found
        report[f"{title}, largest deviation"] = {
            name: synthesis.largest_deviation(table, found["real"]) for name, table in found.items() if name != "real"
        }
        print(report[f"{title}, largest deviation"])
    report["Frechet (synthetic, train, ratio)"] = {
        name: synthesis.frechet_ratio(images, val, train) for name, images in list(runs.items())[1:4]
    }
    print("Frechet distance to val (synthetic, real train, ratio):", report["Frechet (synthetic, train, ratio)"])
    return report


def cost_figures() -> dict[str, object]:
    """Seconds, rates, sizes and the bit-equality of batches."""
    image, spade = cost.image_seconds(), cost.spade_forward_seconds()
    own, sdm = cost.image_multiply_accumulates(), cost.sdm_multiply_accumulates()
    figures: dict[str, object] = {
        "seconds for one 256 x 256 image, default steps": image,
        "seconds for one 256 x 256 image, 50 steps": cost.image_seconds(steps=50),
        "seconds for one forward of MONAI SPADE (64, 128, 256)": spade,
        "ratio of the forward to the image": spade / image,
        "GMAC of one 256 x 256 image, default steps, counted": own / 1e9,
        "GMAC of one 256 x 256 image of the SDM, 1000 steps, counted": sdm / 1e9,
        "ratio of the SDM's GMAC to the image's": sdm / own,
        "seconds of the whole command, 8 images, cold": cost.cold_start_seconds(),
        "frames a second, 60-frame cine of 490 x 590": cost.cine_rate(),
        "same image in every batch": cost.same_in_every_batch(),
        "megabytes of all models": cost.weights_megabytes(),
    }
    _print("Cost", [{"": name, "value": value} for name, value in figures.items()])
    return figures


def _print(title: str, rows: list[Mapping[str, object]] | list[dict[str, object]]) -> None:
    print(f"\n### {title}\n")
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values()) + " |")


def _machine() -> str:
    return f"{machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()

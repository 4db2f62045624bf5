"""How near the drawn heart comes to real ones: fits its parameters to each and prints the distances of surfaces.

    ECHOSYNTH_DATA=../shared/data .venv/bin/python Testing/benchmarks/heart3d_overlay.py [--only rodero_01] [--rounds 8]

Mean distance in mm of each structure's surface, from the real heart to the drawn one and back. The beating heart is
fitted at end-diastole; then its volumes, shortening and twist are given, and the distance is that over all its phases.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from heart3d_fit import distances, fit
from real_hearts import FOLDER, RealHeart, beating, label_volume, rodero
from scipy.spatial import ConvexHull

from EchoSynthLib.anatomy.heart3d.heart import Heart
from EchoSynthLib.anatomy.heart3d.parameters import HeartParameters

STRUCTURES = ("LV", "LV outside", "epicardium", "LA", "RV", "RA", "aorta")
STILL = {
    "rodero_01": rodero,
    "heartdeformnet_mmwhs": lambda: label_volume("mmwhs"),
    "heartdeformnet_wh": lambda: label_volume("wh"),
}


def main() -> None:
    """Print a row for each real heart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*STILL, "bivme_patient1"], help="one of the hearts")
    parser.add_argument("--rounds", type=int, default=8, help="steps of Gauss and Newton in each stage")
    arguments = parser.parse_args()
    if not FOLDER.is_dir():
        sys.exit(f"Real hearts were not found in {FOLDER} (ECHOSYNTH_DATA).")
    print("| heart | phases | " + " | ".join(f"{name} mm" for name in STRUCTURES) + " |")
    print("|---" * (len(STRUCTURES) + 2) + "|")
    for name, load in STILL.items():
        if arguments.only in (None, name):
            real = load()
            _print(name, 1, distances(Heart(fit(real, start_for(real), arguments.rounds)), real))
    if arguments.only in (None, "bivme_patient1"):
        _print_beating(arguments.rounds)


def start_for(real: RealHeart) -> HeartParameters:
    """Where a fit begins: sizes from the extent of the surfaces."""
    ventricle = real.surfaces["LV"]
    start = replace(
        HeartParameters(),
        lv_length_mm=float(np.quantile(ventricle[:, 2], 0.98)) - 4,
        lv_edv_ml=float(ConvexHull(ventricle).volume) / 1100,
        rv_edv_ml=float(ConvexHull(real.surfaces["RV"]).volume) / 2000,
    )
    atria = {"LA": ("la_max_ml", start.la_emptying), "RA": ("ra_max_ml", start.ra_emptying)}
    sizes = {
        field: float(ConvexHull(real.surfaces[name]).volume) / 1200 / (1 - emptying)
        for name, (field, emptying) in atria.items()
        if name in real.surfaces
    }
    return replace(start, **sizes)  # type: ignore[arg-type]


def _print_beating(rounds: int) -> None:
    frames = beating()
    rest = fit(frames[0], start_for(frames[0]), rounds)
    _print("bivme_patient1", 1, distances(Heart(rest), frames[0]))
    volumes = np.array([float(ConvexHull(frame.surfaces["LV"]).volume) for frame in frames])
    right = np.array([float(ConvexHull(frame.surfaces["RV"]).volume) for frame in frames])
    end = int(volumes.argmin())
    base = [np.quantile(frames[k].surfaces["LV"][:, 2], 0.95) for k in (0, end)]
    heart = Heart(
        replace(
            rest,
            ejection_fraction=float(1 - volumes[end] / volumes[0]),
            rv_ejection_fraction=float(1 - right[end] / right[0]),
            longitudinal_shortening=float(1 - base[1] / base[0]),
        )
    )
    out = (volumes[0] - volumes) / (volumes[0] - volumes[end])
    times = np.linspace(0, 1, 400, endpoint=False)
    emptied = heart.beat.emptied(times)
    found = []
    for k, frame in enumerate(frames):
        side = times <= heart.end_systole if k <= end else times > heart.end_systole
        phase = float(times[side][np.abs(emptied[side] - out[k]).argmin()])
        found.append(distances(heart, frame, phase))
    _print("bivme_patient1", len(frames), {name: float(np.mean([d[name] for d in found])) for name in found[0]})


def _print(name: str, phases: int, found: dict[str, float]) -> None:
    cells = (f"{found[structure]:.1f}" if structure in found else "-" for structure in STRUCTURES)
    print(f"| {name} | {phases} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

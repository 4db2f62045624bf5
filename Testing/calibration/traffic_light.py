"""Fit the constants of the traffic light on CAMUS train and compare them with the shipped ones: `make calibrate`.

Ends with status 1 where a constant in `measurement/reliability/thresholds.py` is not the fitted one, but for what
processors differ in. Takes some ten minutes on one core; `--evidence FILE.npz` keeps what the models said, for another
fit. Val is not touched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from degraded import degraded
from numpy.typing import NDArray

import EchoSynthLib as es
from EchoSynthLib.evaluation.segmentation_metrics import STRUCTURE_CODES, structure_dice
from EchoSynthLib.images.datasets.camus import CamusArrays, find_camus, load_camus_npz
from EchoSynthLib.measurement import agreement, contour_agreement
from EchoSynthLib.measurement.reliability import thresholds
from EchoSynthLib.measurement.reliability.agreement import confident_overlap, relative_spread
from EchoSynthLib.measurement.reliability.thresholds import DiceFit

Values = NDArray[np.float64]
Fits = dict[str, DiceFit]

VERSIONS = 2  # degraded ones of each frame
EVERY = 4  # patients of whose frames there are degraded versions
BETTER_HALF = 0.5  # quantile of the Dice
FALSE_ALARMS = 0.13  # of the better half, by the expected Dice
OUTLIERS = 0.01  # of the better half, by each other sign
USELESS = 0.8  # Dice below which a segmentation is no use
CLOSE, CLOSE_FIT = 0.005, 0.03  # what processors may make of it: a limit, a coefficient


def frames(train: CamusArrays) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], bool]]:
    """Image, reference and whether it was degraded; the frames as they are come first."""
    for image, label in zip(train.image, train.label, strict=True):
        yield image, label, False
    some = train.select(np.isin(train.patient, np.unique(train.patient)[::EVERY]))
    for version in range(1, VERSIONS + 1):
        for index, (image, label) in enumerate(zip(some.image, some.label, strict=True)):
            yield degraded(image, np.random.default_rng((version, index))), label, True


def evidence_of(image: NDArray[np.uint8], label: NDArray[np.uint8]) -> list[float]:
    """Confident overlap of each structure, contour agreement, spread, agreement, and the true Dice of each."""
    found = es.segment_detailed(image)
    second, _ = es.contour_detailed(image)
    return [
        *confident_overlap(found.label_map, found.confidence).values(),
        contour_agreement(found.label_map, second),
        relative_spread(found.label_map, second),
        agreement(image, found.label_map, lambda shown: es.segment(shown)[0]),
        *structure_dice(found.label_map, label).values(),
    ]


def gather(train: CamusArrays) -> tuple[Values, NDArray[np.bool_]]:
    """Evidence (N, 9) of all frames, and which of them were degraded."""
    rows, worse = [], []
    for number, (image, label, was_degraded) in enumerate(frames(train), start=1):
        rows.append(evidence_of(image, label))
        worse.append(was_degraded)
        if number % 100 == 0:
            print(f"{number} frames", file=sys.stderr)
    return np.array(rows), np.array(worse)


def fit(overlap: Values, dice: Values) -> DiceFit:
    """Least squares of log(1.01 - D) = offset + exponent * log(1.001 - E)."""
    exponent, offset = np.polyfit(np.log(1.001 - overlap), np.log(1.01 - dice), 1)
    return DiceFit(round(float(offset), 3), round(float(exponent), 3))


def expected(fits: Fits, overlap: Values) -> Values:
    """(N,) mean over the structures of `agreement.expected_dice`."""
    each = [1.01 - np.exp(f.offset) * (1.001 - e) ** f.exponent for f, e in zip(fits.values(), overlap.T, strict=True)]
    return np.clip(each, 0, 1).mean(axis=0)


def constants(evidence: Values, worse: NDArray[np.bool_]) -> dict[str, object]:
    """Every constant of `EchoSynthLib.measurement.reliability.thresholds` by its name."""
    overlap, contour, spread, steady, dice = np.split(evidence, [3, 4, 5, 6], axis=1)
    fits = {name: fit(e, d) for name, e, d in zip(STRUCTURE_CODES, overlap.T, dice.T, strict=True)}
    mean = dice.mean(axis=1)
    better = ~worse & (mean >= np.quantile(mean[~worse], BETTER_HALF))
    promised = expected(fits, overlap)
    report("expected Dice", promised, mean, worse)
    report("contour agreement", contour[:, 0], mean, worse)
    report("spread of the landmarks", -spread[:, 0], mean, worse)
    report("agreement", steady[:, 0], mean, worse)
    return {
        "BY_CONFIDENCE": fits,
        "GREEN_FROM": round(float(np.quantile(promised[better], FALSE_ALARMS)), 3),
        "RED_BELOW": highest_red(promised[worse], mean[worse]),
        "AGREEMENT_FROM": round(float(np.quantile(steady[better], OUTLIERS)), 2),
        "CONTOUR_AGREEMENT_FROM": round(float(np.quantile(contour[better], OUTLIERS)), 2),
        "SPREAD_UP_TO": round(float(np.quantile(spread[better], 1 - OUTLIERS)), 2),
    }


def highest_red(promised: Values, dice: Values) -> float:
    """The highest limit, in hundredths, below which the degraded frames have a median Dice under `USELESS`."""
    limits = [limit for limit in np.arange(0.5, 1, 0.01) if (promised < limit).any()]
    return round(float(max(x for x in limits if np.median(dice[promised < x]) < USELESS)), 2)


def report(name: str, sign: Values, dice: Values, worse: NDArray[np.bool_]) -> None:
    """How well a sign tells the Dice: rank correlation, and what it catches at `FALSE_ALARMS` of the better half."""
    from scipy.stats import spearmanr

    for kind, chosen in (("train", ~worse), ("degraded", worse)):
        s, d = sign[chosen], dice[chosen]
        limit = np.quantile(s[d >= np.quantile(d, BETTER_HALF)], FALSE_ALARMS)
        caught = (s < limit)[d <= np.quantile(d, 0.1)].mean()
        print(
            f"{name}, {kind}: rank correlation {spearmanr(s, d)[0]:.2f}, of the worst tenth {100 * caught:.0f} % below"
        )


def numbers(constant: object) -> Values:
    """What a constant holds, in one row."""
    return np.ravel(list(constant.values()) if isinstance(constant, dict) else constant)  # type: ignore[arg-type]


def main() -> None:
    """Print each constant as fitted and as shipped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evidence", type=Path, help="read what the models said from this .npz, or keep it there")
    kept: Path | None = parser.parse_args().evidence
    if kept is not None and kept.exists():
        with np.load(kept) as stored:
            evidence, worse = stored["evidence"], stored["worse"]
    else:
        folder = find_camus()
        if folder is None:
            raise SystemExit("CAMUS was not found (ECHOSYNTH_DATA); the traffic light is calibrated on it.")
        arrays = load_camus_npz(folder / "camus_224.npz")
        evidence, worse = gather(arrays.select(arrays.split == "train"))
        if kept is not None:
            np.savez(kept, evidence=evidence, worse=worse)
    differing = []
    for name, value in constants(evidence, worse).items():
        print(f"{name} = {value}")
        shipped = getattr(thresholds, name)
        if not np.allclose(
            numbers(value), numbers(shipped), rtol=0, atol=CLOSE_FIT if isinstance(value, dict) else CLOSE
        ):
            differing.append(name)
            print(f"  shipped: {shipped}")
    if differing:
        raise SystemExit(f"Not as fitted: {', '.join(differing)}.")


if __name__ == "__main__":
    main()

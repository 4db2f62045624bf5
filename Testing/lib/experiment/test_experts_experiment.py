"""The experiment with experts: what its report and picture make of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from EchoSynthLib.experiment.experts.picture import NAME, save
from EchoSynthLib.experiment.experts.report import FINE_TUNED, KEY, TOGETHER, report
from EchoSynthLib.experiment.experts.settings import ExpertsSettings

SITES = ("base", "real")


def results() -> dict[str, Any]:
    """Of two sites: the fusion keeps both, fine-tuning forgets the first."""
    weights = {"weights": {"base": 0.8, "real": 0.2}, "own expert weighs more": 1.0}

    def on(*shares: float, **more: Any) -> dict[str, Any]:
        return {site: {KEY: share, **more} for site, share in zip(SITES, shares, strict=False)}

    fused, tuned = on(0.9, 0.8, **weights), on(0.3, 0.85)
    return {
        "ways": {"nmd-wSF": fused, TOGETHER: on(0.91, 0.82), FINE_TUNED: tuned},
        "after": {name: {"base": on(0.92), "real": last} for name, last in (("nmd-wSF", fused), (FINE_TUNED, tuned))},
        "seconds": {"base": 20.0, "real": 6.0, "nmd-wSF": 4.0, TOGETHER: 50.0},
        "sites": {site: {"train": 8, "val": 4, "classes": ["A2C", "A4C"]} for site in SITES},
        "seed": 0,
        "effort": 1.0,
    }


def test_the_report_tells_each_way_on_each_site_after_each_step_and_what_a_site_takes() -> None:
    told = report(results())
    assert "| nmd-wSF | 90.0 | 80.0 | 85.0 |" in told
    assert f"| base | {FINE_TUNED} | 92.0 | - |" in told
    assert f"| real | {FINE_TUNED} | 30.0 | 85.0 |" in told
    assert "| base | 0.80 | 0.20 | 100.0 |" in told
    assert "20 % of combining all frames" in told


def test_a_report_of_what_is_made_so_far_leaves_the_rest_out(tmp_path: Path) -> None:
    begun = results() | {"ways": {}, "after": {}, "seconds": {}}
    assert "## " not in report(begun)
    assert save(begun, tmp_path) == []


def test_the_picture_has_a_line_for_each_site(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from PIL import Image

    assert save(results(), tmp_path) == [NAME]
    assert len(np.unique(np.asarray(Image.open(tmp_path / NAME).convert("RGB")).reshape(-1, 3), axis=0)) > 100


def test_iterations_follow_the_frames_and_the_effort() -> None:
    settings = ExpertsSettings(Path("data"), Path("out"), effort=0.5)
    assert settings.iterations(640, 32.0) == 160
    assert settings.iterations(1, 0.01) == 1

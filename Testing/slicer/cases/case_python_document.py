"""What Docs/python.md shows for scripts in Slicer runs as it stands, on the sample data."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import slicer

from measuring import Measuring

ROOT = Path(__file__).parents[3]


class PythonDocument(Measuring):
    def test_the_block_for_slicer_runs_as_it_stands(self):
        text = (ROOT / "Docs" / "python.md").read_text(encoding="utf-8")
        (code,) = (block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "slicer." in block)
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home, "echo")
            folder.mkdir()
            for own, sample in (("image", "synthetic_4CH_ED"), ("cine", "synthetic_4CH_cine")):
                shutil.copy(ROOT / "Resources" / "SampleData" / f"{sample}.nii.gz", folder / f"{own}.nii.gz")
            with patch.dict(os.environ, {"HOME": home, "USERPROFILE": home}):
                names: dict[str, object] = {"slicer": slicer}
                exec(compile(code, "python.md", "exec"), names)
            assert len(list(folder.glob("synthetic_*.nii.gz"))) == 8
            raw = folder / "nnUNet_raw"
            assert sorted(path.name for path in raw.iterdir()) == ["Dataset001_EchoSynth", "Dataset002_Scene"]

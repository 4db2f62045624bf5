"""Citation and terms come from the data: CAMUS is known by its pixels, a user's own data tell theirs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_camus import drawn_hearts, write_drawn_camus

from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.camus_arrays import load_camus_npz
from EchoSynthLib.training.beam_data import BeamData, load_beam_data
from EchoSynthLib.training.camus_fingerprints import of_camus
from EchoSynthLib.training.terms import terms_of

CAMUS = Path(os.environ.get("ECHOSYNTH_DATA", Path(__file__).resolve().parents[4] / "shared" / "data")) / "camus"
needs_camus = pytest.mark.skipif(not (CAMUS / "camus_224.npz").exists(), reason="CAMUS is not there")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_camus(tmp_path_factory.mktemp("own"), drawn_hearts())


@pytest.fixture(scope="module")
def own(data: Path) -> BeamData:
    return load_beam_data(data, data.with_name("cache.npz"))


def test_data_without_terms_are_never_camus(own: BeamData, data: Path) -> None:
    assert own.name[0] == "patient0000_2CH_ED"  # Named as CAMUS' patients are.
    told = terms_of(own, data)
    assert "CAMUS" not in told
    assert "as told by whoever trained it" in told
    assert "TERMS.md" in told


def test_own_data_carry_their_terms_word_for_word(own: BeamData, tmp_path: Path) -> None:
    (tmp_path / "TERMS.md").write_text("Drawn hearts, CC0. Cite: nobody, for a Müller drew them.\n", encoding="utf-8")
    told = terms_of(own, tmp_path / "own.npz")
    assert told == "Drawn hearts, CC0. Cite: nobody, for a Müller drew them.\n"


def test_terms_that_are_no_text_are_refused(own: BeamData, tmp_path: Path) -> None:
    (tmp_path / "TERMS.md").write_bytes(b"M\xfcller")
    with pytest.raises(InputError, match=r"TERMS\.md cannot be read as UTF-8"):
        terms_of(own, tmp_path / "own.npz")


@needs_camus
@pytest.mark.slow
def test_every_frame_of_camus_is_known_by_its_pixels_alone() -> None:
    images = load_camus_npz(CAMUS / "camus_224.npz").image
    assert of_camus(images).all()
    assert not of_camus(images[:, ::-1]).any()


@needs_camus
def test_one_frame_of_camus_among_others_brings_its_citation(own: BeamData, tmp_path: Path) -> None:
    some = load_camus_npz(CAMUS / "camus_224.npz").image[:2]
    theirs, mixed = (replace(own, image=np.concatenate([some, own.image[:n]])) for n in (0, 1))
    theirs, mixed = (replace(part, name=own.name[: len(part.image)]) for part in (theirs, mixed))
    assert "doi 10.1109/TMI.2019.2900516" in terms_of(theirs, tmp_path / "x.npz")
    assert "as told by" not in terms_of(theirs, tmp_path / "x.npz")
    assert theirs.summary().startswith("CAMUS, split")
    assert "doi 10.1109/TMI.2019.2900516" in terms_of(mixed, tmp_path / "x.npz")
    assert "as told by" in terms_of(mixed, tmp_path / "x.npz")
    assert mixed.summary().startswith("CAMUS and other data, split")

from __future__ import annotations

import numpy as np
import pytest
from shipped import needs_segmenter

import EchoSynthLib as es
from EchoSynthLib.anatomy.sector.fit import default_sector
from EchoSynthLib.api import looking
from EchoSynthLib.errors import InputError, ModelError

SHAPE = (80, 100)
INSIDE = default_sector(SHAPE).mask(SHAPE)


def echo() -> np.ndarray:
    gray = np.random.default_rng(0).integers(80, 255, SHAPE)
    return np.where(INSIDE, gray, 0).astype(np.uint8)


class Stub:
    """A model that looks at one place."""

    def __init__(self, rows: slice, columns: slice) -> None:
        self.place = rows, columns

    def view_probabilities(self, image: np.ndarray) -> dict[str, float]:
        share = float(image[self.place].mean()) / 255
        return {"bright": share, "dark": 1 - share}


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Puts a stub in the place of a model that is there."""

    def use(stub: object) -> str:
        monkeypatch.setattr(looking, "load_pipeline", lambda folder: stub)
        return "segmenter"

    return use


@needs_segmenter
def test_the_map_is_bright_where_the_answer_comes_from_and_the_record_tells_of_which(model) -> None:  # type: ignore[no-untyped-def]
    found, record = es.saliency(echo(), model=model(Stub(slice(40, 50), slice(45, 55))), view="bright")
    assert found.shape == SHAPE
    assert found[35:55, 40:60].sum() > 0.6 * found.sum() > 0
    assert (record["view"], record["method"]) == ("bright", "occlusion")
    assert sum(record["shares"].values()) == pytest.approx(1)


@needs_segmenter
def test_a_background_that_has_no_say_changes_nothing_and_one_that_has_changes_all(model) -> None:  # type: ignore[no-untyped-def]
    heart = model(Stub(slice(40, 50), slice(45, 55)))
    change, record = es.background_what_if(echo(), model=heart, sector=INSIDE)
    assert change == 0
    assert len(record["exchanged"]) == 8
    assert record["stability"] == 1
    text = model(Stub(slice(0, 8), slice(0, 8)))
    tagged = echo()
    tagged[:8, :8] = np.where(INSIDE[:8, :8], tagged[:8, :8], 255)
    change, _ = es.background_what_if(tagged, model=text, sector=INSIDE, count=1)  # black
    assert change > 0.8
    white = [(np.full((20, 30), 255, np.uint8), np.zeros((20, 30), bool))]
    change, record = es.background_what_if(tagged, model=text, sector=INSIDE, backgrounds=white)
    assert change == pytest.approx(0)


@needs_segmenter
def test_the_same_seed_draws_the_same_backgrounds(model) -> None:  # type: ignore[no-untyped-def]
    text = model(Stub(slice(0, 80), slice(0, 100)))
    one, two, other = (es.background_what_if(echo(), model=text, sector=INSIDE, seed=s)[1] for s in (1, 1, 2))
    assert one["exchanged"] == two["exchanged"] != other["exchanged"]


@needs_segmenter
def test_a_model_that_tells_no_classes_and_a_name_of_none_are_told(model) -> None:  # type: ignore[no-untyped-def]
    name = model(object())
    with pytest.raises(InputError, match="neither views nor classes"):
        es.saliency(echo(), model=name)
    with pytest.raises(ModelError):
        es.saliency(echo(), model="no-such-model")
    with pytest.raises(InputError, match="No ultrasound sector"):
        es.background_what_if(np.zeros(SHAPE, np.uint8), model=model(Stub(slice(0, 8), slice(0, 8))))


@needs_segmenter
def test_a_shipped_model_that_tells_views_is_looked_into() -> None:
    found, record = es.saliency(echo(), model="segmenter", cells=2)
    assert found.shape == SHAPE
    assert set(record["shares"]) == {"2CH", "4CH"}
    assert record["model"] == "segmenter"

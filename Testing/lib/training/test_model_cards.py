"""Every card holds what rule 4 of ARCHITECTURE.md promises: data, terms, recipe, figures and how measured, limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from EchoSynthLib.training.card import PROMISED, Made, ModelCard, missing, train_command
from EchoSynthLib.training.terms import CAMUS, UNKNOWN
from EchoSynthLib.zoo import shipped_models

CARDS = sorted(shipped_models().glob("*/README.md"))

DRAWN = ModelCard(
    name="segmenter-drawn",
    summary="Ventricle and atrium in drawn echocardiograms.",
    network={"network": "residual U-Net, 3.15 M parameters"},
    recipe="`EchoSynthLib/segmentation/unet/recipe.py`: Dice + cross-entropy",
    made=Made(
        data="own data, split train: 8 patients, 32 frames",
        terms=UNKNOWN,
        command=train_command("segmenter", Path("mine/drawn.npz"), Path("mine/runs"), minutes=2, seed=0),
        measured_on="own data, split val: 2 patients, 8 frames",
    ),
    trained="120 iterations of batch 8 in 2.0 minutes",
    limits="Drawn hearts alone: nothing is known of others.",
    figures={"LV cavity": 0.93},
    measured="per-image mean Dice",
)


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.parent.name)
def test_a_shipped_card_holds_all_that_is_promised(card: Path) -> None:
    text = card.read_text(encoding="utf-8")
    assert missing(text) == []
    assert text.startswith(f"# {card.parent.name}\n")
    # The shipped models learned from CAMUS, whose owners ask for their citation, or from nobody's heart.
    assert CAMUS.strip() in text or "no image of a patient was used" in text


def test_there_are_cards_to_look_at() -> None:
    assert len(CARDS) >= 4


def test_a_new_card_holds_all_that_is_promised() -> None:
    assert missing(DRAWN.text()) == []
    assert "| LV cavity | 0.9300 |" in DRAWN.text()


def test_a_recipe_that_measures_nothing_says_so() -> None:
    text = replace(DRAWN, figures={}, measured="").text()
    assert "The recipe measures nothing" in text
    assert missing(text) == []


def test_citation_and_terms_of_a_new_card_are_those_of_its_data() -> None:
    assert "CAMUS" not in DRAWN.text()
    assert made_of(terms=CAMUS).text().endswith(CAMUS)


def made_of(**changed: str) -> ModelCard:
    return replace(DRAWN, made=replace(DRAWN.made, **changed))


def test_a_command_on_a_card_tells_no_path_of_this_computer() -> None:
    assert DRAWN.made.command == "echosynth train segmenter --data drawn.npz --output runs --minutes 2 --seed 0"


@pytest.mark.parametrize(
    ("card", "told"),
    [
        (made_of(data=""), "data"),
        (made_of(command="python train.py"), "command"),
        (made_of(terms=""), "terms"),
        (made_of(measured_on="some frames"), "how they were measured: data and split"),
        (replace(DRAWN, trained="until it was good"), "iterations"),
        (replace(DRAWN, limits=""), "limits"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_card_does_not_tell_is_named(card: ModelCard, told: str) -> None:
    assert told in PROMISED
    assert told in missing(card.text())

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

from EchoSynthLib.anatomy.views import (
    FOUR_CHAMBER,
    TWO_CHAMBER,
    VIEWS,
    Capability,
    taken_view,
    view_names,
    view_of,
    views_for,
)
from EchoSynthLib.errors import InputError

OF_HEARTS = "heart cuts"
OF_ALL = (OF_HEARTS, "view classification")
CAPABILITIES = [capability for capability in get_args(Capability) if capability not in OF_ALL]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_is_found_by_each_of_its_names_in_any_spelling(view) -> None:
    for name in (view.name, view.long_name, *view.spellings):
        for written in (name, name.upper(), name.lower(), f" {name.replace('-', ' ')} ", name.replace("-", "_")):
            assert view_of(written) is view


def test_no_two_views_share_a_name() -> None:
    names = [name for view in VIEWS for name in (view.name, view.long_name, *view.spellings)]
    plain = ["".join(filter(str.isalnum, name.lower())) for name in names]
    assert len(set(plain)) == len(plain)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("A4C", "4CH"),
        ("apical four-chamber", "4CH"),
        ("Apical 2 Chamber", "2CH"),
        ("a3c", "3CH"),
        ("parasternal long axis", "PLAX"),
        ("PSAX AoV", "PSAX-AV"),
        ("subcostal", "SUBCOSTAL"),
        ("other 2D", "OTHER-2D"),
        ("not 2D echo", "NOT-2D"),
    ],
)
def test_what_users_type_tells_the_view(typed, name) -> None:
    assert view_of(typed).name == name


@pytest.mark.parametrize("unknown", ["", "M-mode", "6CH", None, 4])
def test_another_view_is_refused_with_those_that_are_known(unknown) -> None:
    with pytest.raises(InputError, match=r"not known.*4CH \(apical four-chamber\).*PLAX \(parasternal long-axis\)"):
        view_of(unknown)


def test_eleven_standard_views_and_three_answers_that_are_none() -> None:
    assert sum(bool(view.shows) for view in VIEWS) == 11
    assert [view.name for view in VIEWS if not view.shows] == ["OTHER-2D", "NOT-2D", "NOT-HEART"]


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_what_is_shipped_takes_two_chambers_and_four_and_says_so_of_any_other(capability) -> None:
    assert views_for(capability) == (TWO_CHAMBER, FOUR_CHAMBER)
    assert view_names(capability) == ("2CH", "4CH")
    assert taken_view("a2c", capability) is TWO_CHAMBER
    taken = rf"Taken for {capability} are: 2CH \(apical two-chamber\), 4CH \(apical four-chamber\)\."
    with pytest.raises(InputError, match=r"PLAX \(parasternal long-axis\) is known by name alone.*" + taken):
        taken_view("plax", capability)
    with pytest.raises(InputError, match="'upside down' is not known.*" + taken):
        taken_view("upside down", capability)


@pytest.mark.parametrize("capability", OF_ALL)
def test_hearts_are_cut_in_every_standard_view_and_each_can_be_told(capability) -> None:
    assert views_for(capability) == tuple(view for view in VIEWS if view.shows)


def test_the_shipped_networks_know_views_by_these_numbers() -> None:
    assert {view.name: view.condition for view in VIEWS if view.condition is not None} == {"2CH": 0, "4CH": 1}
    assert {view.name: view.class_block for view in VIEWS if view.class_block is not None} == {"4CH": 0, "2CH": 1}
    assert [view.condition for view in VIEWS[:2]] == [0, 1]


def test_only_views_on_the_left_ventricles_long_axis_have_walls_left_and_right() -> None:
    assert {view.name: view.walls for view in VIEWS if view.walls}["4CH"] == ("septal", "lateral")
    assert all("left ventricle" in [part.name for part in view.shows] for view in VIEWS if view.walls)


def test_no_other_file_has_a_table_of_its_own() -> None:
    root = Path(__file__).resolve().parents[3]
    names = {view.name for view in VIEWS}
    written = [
        f"{file.relative_to(root)}: {node.value}"
        for folder in ("EchoSynthLib", "EchoSynth")
        for file in (root / folder).rglob("*.py")
        if file.name != "views.py" or "anatomy" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert not written, f"ask EchoSynthLib.anatomy.views instead: {written}"

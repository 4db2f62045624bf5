from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from EchoSynthLib.classification.routing import ROUTES, routed
from EchoSynthLib.classification.sites import Sites, load_sites
from EchoSynthLib.errors import InputError
from EchoSynthLib.images.datasets.feature_set import ARRAYS, FeatureSet, load_feature_set

SITES = Sites({}).with_site("base", ["A2C", "A4C", "PLAX"]).with_site("camus", ["A2C", "A4C"])
SITES = SITES.with_site("contrast", ["contrast A2C", "A4C"])


def test_classes_owners_and_columns_follow_from_what_the_sites_tell() -> None:
    assert SITES.classes == ("A2C", "A4C", "PLAX", "contrast A2C")
    assert SITES.owners("A4C") == ("base", "camus", "contrast")
    assert SITES.owners("PLAX") == ("base",)
    assert SITES.places("contrast") == [3, 1]
    assert [SITES.columns(name) for name in SITES.names] == [slice(0, 3), slice(3, 5), slice(5, 7)]


def test_the_fifteen_views_of_the_paper_are_data() -> None:
    base = ["A2C", "A3C", "A4C", "A5C", "PLAX", "PLAX-AV", "PSAX-AV", "PSAX-PM"]
    sites = Sites({}).with_site("contrast", [f"contrast {name}" for name in ("A2C", "A3C", "A4C", "PLAX")])
    for name, classes in (("WASE", base), ("CAMUS", ["A2C", "A4C"]), ("MedStar", [*base, "RV", "SC", "SC-IVC"])):
        sites = sites.with_site(name, classes)
    assert len(sites.classes) == 15
    assert sites.owners("A2C") == ("WASE", "CAMUS", "MedStar")
    assert sites.columns("MedStar").stop == 25


def test_sites_come_back_from_their_file(tmp_path: Path) -> None:
    SITES.save(tmp_path)
    assert load_sites(tmp_path) == SITES
    with pytest.raises(InputError, match="none"):
        load_sites(tmp_path / "none")
    (tmp_path / "sites.json").write_text("{}")
    with pytest.raises(InputError, match=r"sites\.json"):
        load_sites(tmp_path)


@pytest.mark.parametrize(
    ("name", "classes"), [("", ["a", "b"]), ("../x", ["a", "b"]), ("x", ["a"]), ("x", ["a", "a"]), ("x", [])]
)
def test_a_site_without_a_name_or_with_fewer_than_two_classes_is_refused(name: str, classes: list[str]) -> None:
    with pytest.raises(InputError):
        SITES.with_site(name, classes)


def test_routes_that_nobody_weighs() -> None:
    # base: sure of PLAX; camus: a large logit of A2C, but both alike; contrast: unsure.
    logits = np.array([[0.0, 0, 5, 8, 7.9, 0, 0.1]])
    assert SITES.classes[routed(logits, SITES, "max-logit")[0]] == "A2C"
    assert SITES.classes[routed(logits, SITES, "MSP")[0]] == "PLAX"
    assert SITES.classes[routed(logits, SITES, "confidence")[0]] == "PLAX"


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_follows_the_only_expert_that_says_something(route: str) -> None:
    logits = np.zeros((3, 7))
    for row, column in enumerate((2, 4, 5)):
        logits[row, column] = 9
    assert [SITES.classes[number] for number in routed(logits, SITES, route)] == ["PLAX", "A4C", "contrast A2C"]


def feature_set(rows: int = 6) -> FeatureSet:
    rng = np.random.default_rng(0)
    wide = [rng.standard_normal((rows, length)).astype(np.float32) for length in (8, 3, 40)]
    label, group = np.arange(rows) % 3, np.arange(rows)
    return FeatureSet(*wide, label, group, np.array(["train"] * rows), ("A2C", "A4C", "PLAX"), "base", "base")


def test_a_feature_set_comes_back_with_its_card(tmp_path: Path) -> None:
    kept, again = feature_set(), load_feature_set(feature_set().save(tmp_path / "a.npz"))
    assert all(np.array_equal(getattr(kept, name), getattr(again, name)) for name in ARRAYS)
    assert (again.classes, again.site, again.expert) == (kept.classes, "base", "base")
    card = json.loads((tmp_path / "a.json").read_text())
    assert card["rows"] == {"train": 6}
    assert "no pixels" in card["what"]


def test_a_feature_set_holds_no_pixels_and_takes_none(tmp_path: Path) -> None:
    with np.load(feature_set().save(tmp_path / "a.npz"), allow_pickle=False) as file:
        assert set(file.files) == set(ARRAYS)
        assert all(file[name].ndim <= 2 for name in file.files)
        arrays = dict(file)
    pixels = np.zeros((6, 16, 16), np.float32)
    with pytest.raises(InputError, match="images"):
        FeatureSet(**{**feature_set().__dict__, "features": pixels})
    np.savez(tmp_path / "b.npz", **arrays, image=pixels)
    card = json.loads((tmp_path / "a.json").read_text())
    from EchoSynthLib.checksums import sha256_of_file

    (tmp_path / "b.json").write_text(json.dumps(card | {"sha256": sha256_of_file(tmp_path / "b.npz")}))
    with pytest.raises(InputError, match="image; a feature set holds"):
        load_feature_set(tmp_path / "b.npz")


def test_a_feature_set_that_is_not_its_cards_is_refused(tmp_path: Path) -> None:
    feature_set().save(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(feature_set(9).save(tmp_path / "b.npz").read_bytes())
    with pytest.raises(InputError, match="SHA-256 is another"):
        load_feature_set(tmp_path / "a.npz")
    (tmp_path / "a.json").unlink()
    with pytest.raises(InputError, match=r"a\.json"):
        load_feature_set(tmp_path / "a.npz")

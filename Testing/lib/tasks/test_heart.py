"""The task `heart`."""

import json

import numpy as np
import pytest

from EchoSynthLib.anatomy.heart3d.tissue import Tissue
from EchoSynthLib.errors import InputError
from EchoSynthLib.tasks import find_task
from EchoSynthLib.tasks.task import Context


def run(folder, **parameters):
    return find_task("heart").build({"rows": 64, "output": folder / "out", **parameters}).run(Context())


def arrays_of(record):
    return {name: np.load(record["outputs"][name]) for name in ("echo", "tissues", "label_map")}


def test_the_heart_has_the_numbers_that_were_asked_for(tmp_path):
    record = run(tmp_path, ejection_fraction=0.35, lv_volume=180, wall=11, phases="0,ES", echo=False)
    assert record["EDV_ml"] == pytest.approx(180)
    assert record["EF_percent"] == pytest.approx(35)
    assert record["volumes_ml"]["LV"] == pytest.approx([180, 117])
    assert record["wall_mm"] == 11
    assert record["synthetic"] is True


def test_echo_labels_and_surfaces_of_each_phase(tmp_path):
    record = run(tmp_path, phases="0, 0.2, ES", view="PSAX-PM")
    made = arrays_of(record)
    assert {array.shape for array in made.values()} == {(3, 64, made["echo"].shape[2])}
    assert record["phases"][2] == record["end_systole"]
    cavities = (made["tissues"] == Tissue.LV_CAVITY).sum(axis=(1, 2))
    assert cavities[0] > cavities[1] > cavities[2] > 20
    surfaces = np.load(record["outputs"]["surfaces"])
    assert surfaces["left ventricle points"].shape[0] == 3


def test_the_plane_of_a_record_gives_the_same_picture_again(tmp_path):
    first = run(tmp_path, view="5CH", surfaces=False)
    again = run(tmp_path / "b", plane=json.dumps(first["pose"]), surfaces=False)
    np.testing.assert_array_equal(arrays_of(first)["tissues"], arrays_of(again)["tissues"])
    assert again["nearest_view"]["view"] == "5CH"


def test_the_generator_draws_what_it_was_trained_on_and_says_where_it_cannot(tmp_path):
    seen = run(tmp_path, view="4CH", drawing="generator", surfaces=False)
    assert (seen["model"], seen["view"]) == ("beam-flow", "4CH")
    assert "warnings" not in seen
    across = run(tmp_path / "b", view="PSAX-MV", drawing="generator", surfaces=False)
    assert across["drawing"] == "tissue"
    assert "degrees" in across["warnings"][0]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"phases": "systole"}, "Phases"),
        ({"phases": "1.5"}, "Phases"),
        ({"plane": "flat"}, "rotation"),
        ({"plane": '{"rotation": [[0]], "origin_mm": [0, 0, 0]}'}, "rotation"),
        ({"ejection_fraction": 0.99}, "ejection_fraction"),
        ({"ejection_fraction": 0.8, "condition": "ischemic"}, "more than this ventricle can reach"),
    ],
)
def test_what_no_heart_or_plane_is_is_refused_in_words(tmp_path, wrong, named):
    with pytest.raises(InputError, match=named):
        run(tmp_path, **wrong)

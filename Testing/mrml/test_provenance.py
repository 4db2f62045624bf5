"""A result says where it came from, for as long as it exists."""

from __future__ import annotations

import json

import numpy as np
import pytest
from drawn_nodes import GRIDS, new_volume

from EchoSynthMRML.cines import CineBuilder, cine_of
from EchoSynthMRML.provenance import is_synthetic, name_of_synthetic, stamp, stamps_of
from EchoSynthMRML.volumes import new_frame, set_spacing

RECORD = {
    "synthetic": True,
    "task": "synthesize",
    "model": "beam-flow",
    "model_sha256": "1234e5" + "0" * 58,
    "seed": 7,
    "steps": 4,
    "solver": "flow-map",
    "view": "4CH",
    "source_label_map": "heart",
    "echosynth_version": "0.1.0",
    "seconds": 1.5,
    "sector": {"radius_far": 500},
    "quality": None,
}


def test_a_stamp_is_read_as_the_record_said_it(frame_volume):
    stamp(frame_volume, RECORD, 3)
    told = stamps_of(frame_volume)
    assert told == {key: RECORD[key] for key in told if key != "index"} | {"index": 3}
    assert set(told) == set(RECORD) - {"seconds", "sector", "quality"} | {"index"}
    assert json.loads(json.dumps(told)) == told
    assert is_synthetic(frame_volume)


def test_what_the_record_lacks_is_not_stamped(frame_volume):
    stamp(frame_volume, {"task": "segment", "model": "segmenter", "steps": None})
    assert stamps_of(frame_volume) == {"task": "segment", "model": "segmenter"}
    assert not is_synthetic(frame_volume)


def test_a_node_that_nothing_was_written_into_is_not_synthetic(frame_volume):
    assert stamps_of(frame_volume) == {}
    assert not is_synthetic(frame_volume)


def test_calibration_is_no_provenance(frame_volume):
    set_spacing(frame_volume, 0.3, 0.3)
    assert stamps_of(frame_volume) == {}


@pytest.mark.parametrize("source", ["heart", "heart [time=0.2s]"])
def test_the_name_of_a_synthetic_image_says_seed_and_index(source):
    assert name_of_synthetic(source, 7, 3) == f"synthetic s7 #3 of {source}"


def test_every_frame_of_a_synthetic_cine_is_stamped(scene, grid, codes):
    builder = CineBuilder("synthetic")
    for index in range(3):
        builder.append(new_frame(np.roll(codes, index), grid, "frame"))
    proxy = builder.finish(scene)
    stamp(proxy, RECORD, 1)
    cine = cine_of(proxy)
    for index in (2, 0, 1):
        cine.browser.SetSelectedItemNumber(index)
        assert stamps_of(proxy)["index"] == 1
        assert is_synthetic(proxy)
    assert is_synthetic(cine.sequence)
    assert all(is_synthetic(cine.node(index)) for index in range(3))


def test_a_real_image_beside_a_synthetic_one_stays_real(scene, frame_volume):
    stamp(scene.AddNode(new_volume(GRIDS["picture"])), RECORD)
    assert not is_synthetic(frame_volume)

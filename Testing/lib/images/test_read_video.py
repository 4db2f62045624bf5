"""AVI and MP4 cines."""

from __future__ import annotations

import av
import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, EchoFrame, read_image

CODECS = {".avi": ("mjpeg", "yuvj420p"), ".mp4": ("libx264", "yuv420p")}


def clip(frames=12, rows=112, columns=112):
    """A bright square that walks down a gray field."""
    pixels = np.full((frames, rows, columns), 60, np.uint8)
    for t in range(frames):
        pixels[t, 4 * t : 4 * t + 16, 40:72] = 200
    return pixels


def saved(path, pixels, rate=50):
    codec, pixel_format = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width, stream.pix_fmt = *pixels.shape[1:], pixel_format
        for frame in pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.stack([frame] * 3, axis=-1), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", CODECS)
def test_a_clip_comes_with_all_frames_and_its_frame_time(tmp_path, suffix):
    cine = read_image(saved(tmp_path / f"a{suffix}", clip()))
    assert isinstance(cine, EchoCine)
    assert cine.pixels.shape == (12, 112, 112)
    assert cine.frame_time_ms == pytest.approx(20)
    assert cine.spacing is None
    assert not cine.spacing_trusted


@pytest.mark.parametrize("suffix", CODECS)
def test_gray_levels_and_rows_survive_the_video(tmp_path, suffix):
    cine = read_image(saved(tmp_path / f"a{suffix}", clip()))
    assert np.abs(cine.pixels.astype(int) - clip()).mean() < 3
    assert np.median(cine.pixels[0, 80:]) == pytest.approx(60, abs=2)
    assert np.median(cine.pixels[5, 24:32, 48:64]) == pytest.approx(200, abs=3)


def test_a_video_of_one_frame_is_a_frame(tmp_path):
    assert isinstance(read_image(saved(tmp_path / "a.avi", clip(1))), EchoFrame)


@pytest.mark.parametrize("suffix", CODECS)
def test_a_truncated_video_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (12, 112, 112)).astype(np.uint8)
    path = saved(tmp_path / f"cut{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=f"cut{suffix}"):
        read_image(path)

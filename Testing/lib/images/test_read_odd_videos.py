"""Videos as recorders, phones and editors leave them: turned, trimmed, with dropped frames, with odd names."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from EchoSynthLib.errors import InputError
from EchoSynthLib.images import EchoCine, read_image

ROWS, COLUMNS = 96, 128
CODECS = {
    ".avi": ("mjpeg", "yuvj420p"),
    ".mp4": ("libx264", "yuv420p"),
    ".m4v": ("libx264", "yuv420p"),
    ".mov": ("libx264", "yuv420p"),
    ".mkv": ("libx264", "yuv420p"),
    ".wmv": ("wmv2", "yuv420p"),
}


def clip(frames=20):
    """A bright square, at the upper left, that walks down a gray field."""
    pixels = np.full((frames, ROWS, COLUMNS), 60, np.uint8)
    for t in range(frames):
        pixels[t, 3 * t : 3 * t + 24, 8:40] = 200
    return pixels


def saved(path, pixels, rate=25, ticks=None, codec=None, pixel_format=None, aspect=None, extra=None, **options):
    """A video whose frame i stands at tick `ticks[i]` of a clock of `rate` ticks a second."""
    name, usual = CODECS[path.suffix]
    with av.open(str(path), "w", format={".wmv": "asf", ".m4v": "mp4"}.get(path.suffix)) as container:
        stream = container.add_stream(codec or name, rate=rate, options=options)
        stream.height, stream.width, stream.pix_fmt = *pixels.shape[1:3], pixel_format or usual
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if extra:
            extra(container)
        for index, image in enumerate(pixels):
            frame = av.VideoFrame.from_ndarray(np.stack([image] * 3, axis=-1), format="rgb24")
            frame.pts, frame.time_base = (index if ticks is None else ticks[index]), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def alike(found, expected):
    return found.shape == expected.shape and np.abs(found.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("suffix", CODECS)
def test_every_container_is_read(tmp_path, suffix):
    cine = read_image(saved(tmp_path / f"a{suffix}", clip()))
    assert alike(cine.pixels, clip())
    assert cine.frame_time_ms == pytest.approx(40, rel=0.01)
    assert cine.remarks == ()


@pytest.mark.parametrize("name", ["a4c:beat1.avi", "100%d.avi", "what?.avi", "-i.avi", "concat:a|b.avi", "[0].avi"])
def test_a_name_is_a_name_and_no_protocol(tmp_path, name):
    path = saved(tmp_path / "a.avi", clip())
    assert len(read_image(path.rename(tmp_path / name))) == 20


@pytest.mark.parametrize(("codec", "b_frames"), [("mjpeg", "0"), ("mpeg4", "0"), ("mpeg4", "2"), ("libx264", "2")])
def test_the_previous_frame_stands_for_frames_that_an_avi_recorder_dropped(tmp_path, codec, b_frames):
    kept = [0, 1, 2, 6, 7, 8, 11, *range(12, 20)]
    options = {"pixel_format": "yuvj420p" if codec == "mjpeg" else "yuv420p", "bf": b_frames}
    cine = read_image(saved(tmp_path / "a.avi", clip()[kept], ticks=kept, codec=codec, **options))
    expected = clip()
    expected[3:6], expected[9:11] = expected[2], expected[8]
    assert len(cine) == 20
    assert b_frames != "0" or alike(cine.pixels, expected)
    assert cine.frame_time_ms == pytest.approx(40)
    assert "dropped 5 frames" in cine.remarks[0]


def announcing(path, frames):
    """An AVI file whose headers count more frames than there are chunks, as after frames dropped at the end."""
    data = bytearray(path.read_bytes())
    for place in (data.index(b"avih") + 8 + 16, data.index(b"strh") + 8 + 32):
        data[place : place + 4] = struct.pack("<I", frames)
    path.write_bytes(data)
    return path


def test_frames_dropped_at_the_end_are_the_last_one(tmp_path):
    cine = read_image(announcing(saved(tmp_path / "a.avi", clip()[:17]), 20))
    expected = clip()
    expected[17:] = expected[16]
    assert alike(cine.pixels, expected)
    assert "dropped 3 frames" in cine.remarks[0]


def test_a_video_most_of_whose_frames_are_dropped_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.avi.*of 20 frames 8"):
        read_image(announcing(saved(tmp_path / "a.avi", clip(8)), 20))


@pytest.mark.parametrize(("first", "hidden"), [(4, 4), (0, 0)])
def test_frames_before_an_edit_list_are_left_out(tmp_path, first, hidden):
    path = saved(tmp_path / "a.mp4", clip(), bf="0")
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12
    duration, start = struct.unpack(">II", data[at : at + 8])
    of_frame = 12800 // 25
    data[at : at + 8] = struct.pack(">II", duration - 40 * hidden, start + first * of_frame)
    path.write_bytes(data)
    cine = read_image(path)
    assert alike(cine.pixels, clip()[hidden:])
    assert cine.remarks == ()


# The display matrix (a, b, c, d), and what it makes of an image: the eight ways to lay it down.
ONE = 1 << 16
LAYS = {
    "as it is": ((ONE, 0, 0, ONE), lambda x: x),
    "90 clockwise": ((0, ONE, -ONE, 0), lambda x: np.rot90(x, -1)),
    "180": ((-ONE, 0, 0, -ONE), lambda x: np.rot90(x, 2)),
    "90 counterclockwise": ((0, -ONE, ONE, 0), lambda x: np.rot90(x)),
    "mirrored": ((-ONE, 0, 0, ONE), lambda x: x[:, ::-1]),
    "upside down": ((ONE, 0, 0, -ONE), lambda x: x[::-1]),
    "transposed": ((0, ONE, ONE, 0), lambda x: x.T),
    "transversed": ((0, -ONE, -ONE, 0), lambda x: x[::-1, ::-1].T),
}


@pytest.mark.parametrize("lay", LAYS)
def test_a_display_matrix_turns_the_picture(tmp_path, lay):
    (a, b, c, d), turn = LAYS[lay]
    path = saved(tmp_path / "a.mp4", clip())
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    assert alike(read_image(path).pixels[5], turn(clip()[5]))


@pytest.mark.parametrize(("rate", "step"), [(100, 4), (1000, 40)])
def test_a_fast_clock_of_an_avi_is_no_sign_of_dropped_frames(tmp_path, rate, step):
    ticks = range(0, 10 * step, step)
    cine = read_image(
        saved(tmp_path / "a.avi", clip(10), rate=rate, ticks=ticks, codec="mpeg4", pixel_format="yuv420p")
    )
    assert len(cine) == 10
    assert cine.frame_time_ms == pytest.approx(40)
    assert cine.remarks == ()


def test_an_uneven_frame_rate_is_told(tmp_path):
    cine = read_image(saved(tmp_path / "a.mp4", clip(6), rate=100, ticks=[0, 4, 8, 12, 20, 24]))
    assert len(cine) == 6
    assert cine.frame_time_ms == pytest.approx(40)
    assert "from 40 to 80 ms" in cine.remarks[0]


def test_times_in_whole_milliseconds_are_even(tmp_path):
    cine = read_image(saved(tmp_path / "a.mkv", clip(), rate=30))
    assert cine.remarks == ()
    assert cine.frame_time_ms == pytest.approx(1000 / 30, rel=0.01)


def test_a_clip_cut_out_of_a_longer_one_is_whole(tmp_path):
    cine = read_image(saved(tmp_path / "a.mkv", clip(), ticks=range(50, 70)))
    assert len(cine) == 20
    assert cine.remarks == ()


@pytest.mark.parametrize(("aspect", "shape"), [(Fraction(4, 3), (96, 171)), (Fraction(1, 2), (192, 128))])
def test_pixels_are_made_square(tmp_path, aspect, shape):
    cine = read_image(saved(tmp_path / "a.mp4", clip(), aspect=aspect))
    assert cine.pixels.shape[1:] == shape
    assert "square" in cine.remarks[0]


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("rawvideo", "gray"), ("rawvideo", "bgr24"), ("ffv1", "gray"), ("png", "gray"), ("mpeg4", "yuv420p")],
)
def test_the_codecs_of_avi_give_their_levels(tmp_path, codec, pixel_format):
    cine = read_image(saved(tmp_path / "a.avi", clip(), codec=codec, pixel_format=pixel_format))
    assert alike(cine.pixels, clip())
    assert cine.frame_time_ms == pytest.approx(40)


@pytest.mark.parametrize("shape", [(95, 127), (96, 129)])
def test_odd_sides_are_kept(tmp_path, shape):
    odd = np.zeros((4, *shape), np.uint8)
    odd[:, :50, :60] = 180
    assert alike(read_image(saved(tmp_path / "a.avi", odd)).pixels, odd)


def test_interlaced_frames_stay_whole_and_are_told(tmp_path):
    path = saved(tmp_path / "a.mp4", clip(), flags="+ildct+ilme", **{"x264-params": "tff=1"})
    cine = read_image(path)
    assert alike(cine.pixels, clip())
    assert any("interlaced" in remark for remark in cine.remarks)


def test_sound_beside_the_pictures_is_not_heard(tmp_path):
    def with_sound(container):
        sound = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.pts = 16000, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))

    assert alike(read_image(saved(tmp_path / "a.mp4", clip(), extra=with_sound)).pixels, clip())


def test_of_two_videos_the_larger_is_read(tmp_path):
    def with_preview(container):
        preview = container.add_stream("libx264", rate=25)
        preview.height, preview.width, preview.pix_fmt = 32, 48, "yuv420p"
        container.mux(preview.encode(av.VideoFrame.from_ndarray(np.zeros((32, 48, 3), np.uint8), format="rgb24")))
        container.mux(preview.encode(None))

    cine = read_image(saved(tmp_path / "a.mp4", clip(), extra=with_preview))
    assert alike(cine.pixels, clip())
    assert "2 videos" in cine.remarks[0]


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".wmv"])
def test_a_video_that_is_nearly_whole_is_read_and_told(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (40, ROWS, COLUMNS)).astype(np.uint8)
    path = saved(tmp_path / f"a{suffix}", noise, g="1", bf="0")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.95)])
    cine = read_image(path)
    assert isinstance(cine, EchoCine)
    assert suffix == ".mkv" or "incomplete" in cine.remarks[0]


def test_a_video_without_its_key_frame_is_refused(tmp_path):
    path = saved(tmp_path / "a.mp4", clip(), bf="0")
    with av.open(str(path)) as container:
        first = next(packet for packet in container.demux(video=0))
        start, size = first.pos, first.size
    data = bytearray(path.read_bytes())
    data[start : start + size] = bytes(size)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.mp4 is incomplete or damaged"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".wmv"])
def test_a_video_cut_in_half_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (40, ROWS, COLUMNS)).astype(np.uint8)
    path = saved(tmp_path / f"cut{suffix}", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"cut{suffix}"):
        read_image(path)


def test_a_text_with_a_videos_name_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_text("#EXTM3U\nhttp://example.org/a.mp4\n" * 20)
    with pytest.raises(InputError, match=r"a\.mp4 cannot be read"):
        read_image(tmp_path / "a.mp4")


def test_a_sound_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.pts = 16000, 0
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    with pytest.raises(InputError, match="no moving pictures"):
        read_image(tmp_path / "a.mp4")

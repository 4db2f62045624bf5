"""Small files of every kind that is read, made by the libraries that write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from dicom_files import dataset, jpeg, region, saved
from numpy.typing import NDArray

SHAPE = (48, 40)


def make_originals(folder: Path) -> list[Path]:
    """The files, of pairs (header and data) the header."""
    folder.mkdir()
    image, cine, codes = _image(), np.stack([_image(shift) for shift in range(3)]), _codes()
    made: list[Path] = []
    for make in (_itk, _pictures, _videos, _dicoms, _arrays, _shards):
        made += make(folder, image, cine, codes)
    return made


def _image(shift: int = 0) -> NDArray[np.uint8]:
    rows, columns = np.indices(SHAPE)
    noise = np.random.default_rng(shift).integers(0, 40, SHAPE)
    return (np.where(np.hypot(rows - 20 - shift, columns - 20) < 12, 10, 150) + noise).astype(np.uint8)


def _codes() -> NDArray[np.uint8]:
    codes = np.zeros(SHAPE, np.uint8)
    codes[8:30, 8:30], codes[12:26, 12:26], codes[32:40, 12:26] = 2, 1, 3
    return codes


def _itk(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    import SimpleITK

    from EchoSynthLib.images.write import write_image, write_label_map

    spacing = (0.5, 0.4)
    made = [write_image(folder / f"image{end}", image, spacing=spacing) for end in (".nii", ".nii.gz", ".mha", ".nrrd")]
    made += [write_image(folder / f"cine{end}", cine, spacing=spacing) for end in (".nii", ".mha", ".nrrd")]
    made += [write_label_map(folder / f"map{end}", codes, spacing=spacing) for end in (".nii.gz", ".mha", ".nrrd")]
    for name, array in {"float.nii": image / 255, "short.mha": image.astype(np.int16) * 9, "stack.nrrd": cine}.items():
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(folder / name))
        made.append(folder / name)
    for name in ("pair.mhd", "pair.nhdr", "pair.hdr"):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(image), str(folder / name))
        made.append(folder / name)
    color = SimpleITK.GetImageFromArray(np.stack([image] * 3, axis=-1), isVector=True)
    SimpleITK.WriteImage(color, str(folder / "color.nrrd"))
    return [*made, folder / "color.nrrd"]


def _pictures(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    from PIL import Image

    gray = Image.fromarray(image)
    ways: dict[str, tuple[Any, dict[str, Any]]] = {
        "gray.png": (gray, {}),
        "color.png": (gray.convert("RGB"), {}),
        "palette.png": (gray.quantize(16), {}),
        "alpha.png": (gray.convert("RGBA"), {}),
        "deep.png": (Image.fromarray(image.astype(np.uint16) * 257), {}),
        "bits.png": (gray.convert("1"), {}),
        "map.png": (Image.fromarray(codes), {}),
        "gray.jpg": (gray, {}),
        "progressive.jpg": (gray.convert("RGB"), {"progressive": True}),
        "cmyk.jpg": (gray.convert("CMYK"), {}),
        "gray.bmp": (gray, {}),
        "gray.tif": (gray, {}),
        "lzw.tif": (gray.convert("RGB"), {"compression": "tiff_lzw"}),
        "float.tif": (Image.fromarray((image / 255).astype(np.float32)), {"compression": "tiff_adobe_deflate"}),
        "pages.tif": (gray, {"save_all": True, "append_images": [Image.fromarray(frame) for frame in cine]}),
    }
    for name, (picture, options) in ways.items():
        picture.save(folder / name, **options)
    return [folder / name for name in ways]


def _videos(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    import av

    from EchoSynthLib.images.write import write_image

    made = [write_image(folder / name, cine) for name in ("cine.avi", "cine.mp4")]
    for name, codec in (("raw.avi", "rawvideo"), ("mpeg4.avi", "mpeg4"), ("old.mp4", "mpeg4")):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = *SHAPE, "yuv420p"
            for frame in cine:
                color = np.repeat(frame[..., np.newaxis], 3, axis=-1)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(color, format="rgb24")))
            container.mux(stream.encode(None))
        made.append(folder / name)
    return made


def _dicoms(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

    color = np.stack([image] * 3, axis=-1)
    made = {
        "gray": dataset(image),
        "deep": dataset(image.astype(np.uint16) * 16, bits=16, stored=12),
        "frames": dataset(cine, frames=3),
        "color": dataset(color, "RGB"),
        "regions": dataset(image),
        "palette": dataset(image, "MONOCHROME2"),
    }
    made["frames"].FrameTime = 33.3
    made["regions"].SequenceOfUltrasoundRegions = [region(2, 2, 30, 40)]
    made["regions"].PixelSpacing = [0.5, 0.4]
    for name, kind, syntax in (("jpeg", "JPEG", JPEGBaseline8Bit), ("jpeg2000", "JPEG2000", JPEG2000Lossless)):
        made[name] = dataset(image, syntax=syntax)
        made[name].PixelData = encapsulate([jpeg(image, kind)])
        made[name]["PixelData"].is_undefined_length = True
    made["rle"] = dataset(image)
    made["rle"].compress(RLELossless)
    return [saved(folder / f"{name}.dcm", one) for name, one in made.items()]


def _arrays(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    ways = {
        "image": image,
        "cine": cine,
        "float": image / 255.0,
        "map": codes,
        "maps": np.stack([codes] * 2),
        "color": np.stack([image] * 3, -1),
    }
    for name, array in ways.items():
        np.save(folder / f"{name}.npy", array)
    return [folder / f"{name}.npy" for name in ways]


def _shards(folder: Path, image: NDArray, cine: NDArray, codes: NDArray) -> list[Path]:
    from EchoSynthLib.images.datasets.labeled_image import LabeledImage
    from EchoSynthLib.images.datasets.shards import Sample, write_shards

    case = LabeledImage("a", image, codes, (0.5, 0.4))
    write_shards([Sample.of_pair(case, {"spacing_mm": [0.5, 0.4]})] * 2, folder, 2)
    return [folder / "shard-000000.tar"]

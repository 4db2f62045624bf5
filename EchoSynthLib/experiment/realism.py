"""Stage 5: how near synthetic images are to real ones of other patients: distances of features, and speckle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from EchoSynthLib import zoo
from EchoSynthLib.evaluation.feature_distances import frechet_distance, kernel_distance
from EchoSynthLib.evaluation.speckle import largest_deviation, mean_statistics, speckle_regions
from EchoSynthLib.experiment import images as drawn_images
from EchoSynthLib.experiment import label_maps
from EchoSynthLib.experiment.frames import Frames, sector_of
from EchoSynthLib.experiment.stages import Workplace, read_json
from EchoSynthLib.images.datasets.camus import CamusArrays
from EchoSynthLib.images.write import write_record
from EchoSynthLib.images.writers.arrays import write_array
from EchoSynthLib.systems import load_torch_pipeline
from EchoSynthLib.types import Progress

REVISION = 1
FEATURES_OF = "segmenter"
"""The shipped network whose early features the distances compare; it was trained on real train frames."""
Images = Sequence[NDArray[np.uint8]]
Masks = Sequence[NDArray[np.bool_]]


def reference_inputs(frames: Frames) -> dict[str, Any]:
    """What the reference depends on."""
    return {"revision": REVISION, "data": frames.sums, "features": zoo.find(FEATURES_OF).sha256}


def make_reference(frames: Frames, work: Workplace) -> None:
    """features.npy (N, D) and reference.json of the real val frames."""
    val = frames.arrays.select(frames.val)
    found, speckle = _look(*_images_labels_masks(val), work.progress)
    write_array(work.result / "features.npy", found)
    write_record(work.result / "reference.json", {"speckle": speckle, "frames": len(found)})


def inputs(reference_key: str, images_key: str | None, chosen: int) -> dict[str, Any]:
    """What the realism of images depends on; without `images_key` it is that of real train frames."""
    return {"revision": REVISION, "reference": reference_key, "images": images_key, "chosen": chosen}


def make_of_images(maps_folder: Path, images_folder: Path, reference: Path, chosen: int, work: Workplace) -> None:
    """realism.json of `chosen` of the images, evenly spread."""
    maps = label_maps.load(maps_folder)
    drawn, numbers = drawn_images.load(images_folder)
    picked = drawn_images.evenly(len(drawn), chosen)
    labels = [maps.label_map[number] for number in numbers[picked]]
    masks = [maps.sector_of(int(number)).mask(maps.label_map.shape[1:]) for number in numbers[picked]]
    _compare([drawn[index] for index in picked], labels, masks, reference, work)


def make_of_train_frames(frames: Frames, reference: Path, chosen: int, work: Workplace) -> None:
    """realism.json of `chosen` real train frames, evenly spread: what an image could reach at best."""
    train = frames.arrays.select(frames.train[drawn_images.evenly(len(frames.train), chosen)])
    _compare(*_images_labels_masks(train), reference, work)


def load(folder: Path) -> dict[str, Any]:
    """What a stage found."""
    return read_json(folder / "realism.json")


def _compare(images: Images, labels: Images, masks: Masks, reference: Path, work: Workplace) -> None:
    found, speckle = _look(images, labels, masks, work.progress)
    real = np.load(reference / "features.npy", allow_pickle=False)
    real_speckle = read_json(reference / "reference.json")["speckle"]
    about = {
        "images": len(found),
        "frechet": frechet_distance(found, real),
        "kernel": kernel_distance(found, real) if len(found) > 1 else None,
        "speckle": speckle,
        "speckle, largest deviation": largest_deviation(speckle, real_speckle),
    }
    write_record(work.result / "realism.json", about)


def _look(images: Images, labels: Images, masks: Masks, progress: Progress) -> tuple[NDArray[np.float32], Any]:
    from EchoSynthLib.networks.encoder_features import EncoderFeatures

    features = EncoderFeatures(load_torch_pipeline(zoo.find(FEATURES_OF)))
    found = []
    for index, image in enumerate(images):
        progress(index, len(images), "")
        found.append(features(np.asarray(image)))
    regions = (speckle_regions(label, mask) for label, mask in zip(labels, masks, strict=True))
    return np.stack(found), mean_statistics(images, regions)


def _images_labels_masks(frames: CamusArrays) -> tuple[Images, Images, Masks]:
    masks = [sector_of(image, label).mask(image.shape) for image, label in zip(frames.image, frames.label, strict=True)]
    return list(frames.image), list(frames.label), masks

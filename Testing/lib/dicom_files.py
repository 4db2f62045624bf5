"""DICOM files that tests of the reader write."""

from __future__ import annotations

import io

from PIL import Image
from pydicom import DataElement
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def dataset(pixels, meaning="MONOCHROME2", bits=8, stored=None, frames=None, syntax=ExplicitVRLittleEndian):
    """An ultrasound image; `pixels` is (H, W), (T, H, W) or either with the samples last."""
    color = meaning not in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UltrasoundImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid()
    ds.Modality = "US"
    ds.PhotometricInterpretation = meaning
    ds.SamplesPerPixel = 3 if color else 1
    if color:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = pixels.shape[-3:-1] if color else pixels.shape[-2:]
    if frames:
        ds.NumberOfFrames = frames
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, stored or bits, (stored or bits) - 1, 0
    ds.PixelData = pixels.tobytes()
    return ds


def region(left, top, right, bottom, data_type=1, space=1, units=3, delta=(0.02, 0.03)):
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = space, data_type
    item.RegionLocationMinX0, item.RegionLocationMinY0 = left, top
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = right, bottom
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = delta
    return item


def saved(path, ds):
    ds.save_as(path, enforce_file_format=True)
    return path


def jpeg(pixels, kind="JPEG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def put(ds, name, value, vr=None):
    """A value that pydicom would refuse to write, as bytes of a number stored as text, or in another representation."""
    tag = Tag(tag_for_keyword(name))
    if isinstance(value, bytes):
        ds._dict[tag] = RawDataElement(tag, vr or dictionary_VR(tag), len(value), value, 0, False, True)
    else:
        ds[tag] = DataElement(tag, vr or dictionary_VR(tag), value)

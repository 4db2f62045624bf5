"""NIfTI files made byte by byte, with headers that no library writes."""

from __future__ import annotations

import struct

import numpy as np

TYPES = {"u1": 2, "i2": 4, "i4": 8, "f4": 16, "f8": 64, "i1": 256, "u2": 512, "u4": 768, "i8": 1024, "u8": 1280}


def nifti(values: np.ndarray, order: str = "<", second: bool = False, pair: bool = False, **fields) -> bytes:
    """A NIfTI file of values whose axes are in the file's order; of a pair, the header alone."""
    said = {
        "datatype": TYPES.get(values.dtype.str[1:], 2), "pixdim": (1.0, 0.3, 0.2, 1.5, 0, 0, 0, 0),
        "slope": 1.0, "inter": 0.0,
        "units": 2, "intent": 0, "qform": 0, "sform": 0, "quatern": (0, 0, 0), "offset": (0, 0, 0),
        "srow": np.zeros((3, 4)), "dim": values.shape, "descrip": b"",
    } | fields  # fmt: skip
    dim = (len(said["dim"]), *said["dim"], *(1,) * (7 - len(said["dim"])))
    srow = np.asarray(said["srow"], float).ravel()
    start = 0 if pair else (544 if second else 352)
    head = bytearray(540 if second else 348)
    put = lambda at, kind, *numbers: struct.pack_into(order + kind, head, at, *numbers)  # noqa: E731
    put(0, "i", len(head))
    if second:
        head[4:12] = (b"ni2" if pair else b"n+2") + b"\0\r\n\x1a\n"
        put(12, "h", said["datatype"])
        put(16, "8q", *dim)
        put(104, "8d", *said["pixdim"])
        put(168, "q", start)
        put(176, "2d", said["slope"], said["inter"])
        put(344, "2i", said["qform"], said["sform"])
        put(352, "6d", *said["quatern"], *said["offset"])
        put(400, "12d", *srow)
        put(500, "2i", said["units"], said["intent"])
    else:
        put(40, "8h", *dim)
        put(68, "2h", said["intent"], said["datatype"])
        put(76, "8f", *said["pixdim"])
        put(108, "3f", start, said["slope"], said["inter"])
        put(123, "b", said["units"])
        head[148 : 148 + len(said["descrip"])] = said["descrip"]
        put(252, "2h", said["qform"], said["sform"])
        put(256, "6f", *said["quatern"], *said["offset"])
        put(280, "12f", *srow)
        head[344:348] = b"ni1\0" if pair else b"n+1\0"
    data = values.astype(values.dtype.newbyteorder(order)).tobytes(order="F")
    return bytes(head) if pair else bytes(head).ljust(start, b"\0") + data

"""Ways to damage a file, each chosen by a seed: flipped bits, ends that are missing, fields and numbers changed."""

from __future__ import annotations

import gzip
import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress

HEADER = 600
_NUMBERS = (
    b"0",
    b"-1",
    b"1e308",
    b"nan",
    b"inf",
    b"",
    b"65536",
    b"4294967296",
    b"99999999999999999999",
    b"0.0",
    b"1,5",
)
_WORDS = (b"", b"\xff\xfe", b"none", b"\0", b"raw", b"gzip", b"double", b"vector", b"(", b"%s%n", b"\xc3\xa4")
_INTEGERS = (0, 1, -1, 0x7F, 0x7FFF, 0x7FFFFFFF, -0x80000000, 0x40000000, 0x10000)


def damaged(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The content of a file with some damage; `others` are spliced in."""
    if content[:2] == b"\x1f\x8b" and chance.random() < 0.7:
        # Damage under compression gets past its checksum.
        with suppress(OSError, EOFError, zlib.error):
            return gzip.compress(damaged(gzip.decompress(content), others, chance), 1)
    for _ in range(chance.choice([1, 1, 2, 4])):
        content = chance.choice(_WAYS)(content, others, chance)
    return content


def _place(content: bytes, chance: random.Random) -> int:
    """Headers, at the beginning and sometimes at the end, are worth more than pixels."""
    size = max(1, len(content))
    near = min(size, HEADER)
    return chance.choice(
        [chance.randrange(near), chance.randrange(near), chance.randrange(size), size - 1 - chance.randrange(near)]
    )


def _flip(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    made = bytearray(content or b"\0")
    for _ in range(chance.choice([1, 3, 20])):
        made[_place(made, chance)] ^= 1 << chance.randrange(8)
    return bytes(made)


def _cut(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _lose(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start = _place(content, chance)
    return content[:start] + content[start + chance.choice([1, 2, 16, 500]) :]


def _double(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    start = _place(content, chance)
    return content[:start] + content[start : start + chance.choice([1, 4, 100])] * 2 + content[start:]


def _splice(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    start = chance.randrange(max(1, len(other)))
    return content[: _place(content, chance)] + other[start : start + chance.choice([8, 300, 100_000])]


def _integer(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    kind = chance.choice(("<i", ">i", "<h", ">h", "<f", "<d"))
    size = struct.calcsize(kind)
    value: float = chance.choice(_INTEGERS)
    if kind[1] == "h":
        value = (int(value) + 0x8000) % 0x10000 - 0x8000
    if kind[1] in "fd":
        value = chance.choice([float("nan"), float("inf"), -1.0, 0.0, 1e30, 1e-30])
    start = _place(content, chance)
    return content[:start] + struct.pack(kind, value) + content[start + size :]


def _text_number(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", content[: 4 * HEADER]))
    return _put(content, found, _NUMBERS, chance)


def _text_word(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    found = list(re.finditer(rb"[A-Za-z_ ]{3,}", content[: 4 * HEADER]))
    return _put(content, found, _WORDS, chance)


def _put(content: bytes, found: list[re.Match[bytes]], values: Sequence[bytes], chance: random.Random) -> bytes:
    if not found:
        return content
    match = chance.choice(found)
    return content[: match.start()] + chance.choice(values) + content[match.end() :]


_WAYS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip, _flip, _cut, _lose, _double, _splice, _integer, _integer, _text_number, _text_number, _text_word,
)  # fmt: skip

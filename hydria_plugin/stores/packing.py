"""Arrays as bytes: exact, compact, checked, and never pickle.

One packed row is ``crc32 | length of head | head (JSON) | arrays``, each array padded to 8 bytes. A column that holds
one value over and over (the reception time of a cycle, the flags of a good night) is kept as that one value, so an
observation costs 12 bytes, not 37. Everything else is stored as it is in memory: float64 forecasts do not compress
(see docs/decisions/0007-store-forms.md), and reading is then a view, not a parse.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import StoreError

_KINDS = "biufMmU"  # bool, integers, floats, times, durations, text
_NUMBER = struct.Struct("<I")
_PREFIX = 2 * _NUMBER.size


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of named arrays. Raises StoreError for a dtype that is not numbers, times or text."""
    heads, parts = [], []
    for name, array in arrays.items():
        head, body = _packed(name, np.asarray(array))
        heads.append(head)
        parts.append(_padded(body).data)
    text = json.dumps(heads).encode()
    text += b" " * (-(len(text) + _PREFIX) % 8)
    length = _NUMBER.pack(len(text))
    crc = zlib.crc32(text, zlib.crc32(length))
    for part in parts:
        crc = zlib.crc32(part, crc)
    return b"".join([_NUMBER.pack(crc), length, text, *parts])


def unpack(blob: bytes, what: str = "row") -> dict[str, NDArray[Any]]:
    """The arrays of ``pack``, as read-only views of ``blob``. Raises StoreError when the bytes are not what was put."""
    if len(blob) < _PREFIX or zlib.crc32(memoryview(blob)[_NUMBER.size :]) != _NUMBER.unpack_from(blob)[0]:
        raise StoreError(f"{what} is damaged: its checksum does not fit; restore the store from a backup")
    arrays, at = {}, _PREFIX + _NUMBER.unpack_from(blob, _NUMBER.size)[0]
    for name, dtype, shape, constant in json.loads(blob[_PREFIX:at]):
        kind = np.dtype(dtype)
        count = 1 if constant else int(np.prod(shape))
        held = np.frombuffer(blob, kind, count, at)
        arrays[name] = np.broadcast_to(held.reshape(()), shape) if constant else held.reshape(shape)
        at += count * kind.itemsize + -(count * kind.itemsize) % 8
    return arrays


def _packed(name: str, array: NDArray[Any]) -> tuple[list[Any], NDArray[np.uint8]]:
    """The head and the bytes of one array."""
    if array.dtype.kind not in _KINDS:
        raise StoreError(f"array {name!r} has dtype {array.dtype}; a store keeps numbers, times and text only")
    constant = _is_constant(array)
    flat = array[(0,) * array.ndim].reshape(1) if constant else np.ascontiguousarray(array).reshape(-1)
    return [name, array.dtype.str, list(array.shape), constant], flat.view(np.uint8)


def _is_constant(array: NDArray[Any]) -> bool:
    """True where every element has the same bits (so that NaN equals NaN, and 0.0 does not equal -0.0)."""
    if array.size < 2 or array.dtype.itemsize not in (1, 2, 4, 8):
        return False
    if all(stride == 0 for stride, n in zip(array.strides, array.shape, strict=True) if n > 1):
        return True
    bits = np.ascontiguousarray(array).reshape(-1).view(f"u{array.dtype.itemsize}")
    return bool(bits[0] == bits[-1] and (bits == bits[0]).all())


def _padded(body: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A multiple of 8 bytes, so that what is read back is aligned."""
    return body if not body.size % 8 else np.concatenate([body, np.zeros(-body.size % 8, np.uint8)])

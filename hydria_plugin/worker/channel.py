"""Whole Python values over pipes: length-prefixed, large arrays as they lie in memory, with deadlines."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import select
import struct
import time
from typing import Any

import numpy as np

from ..values import read_only

_MAGIC = b"HYD1"
_LARGEST = 1 << 36  # bytes in one message; more is a corrupted length
_APART = 1 << 16  # arrays from this many bytes on travel beside the pickle, uncopied


class _Pickler(pickle.Pickler):
    """Sends a broadcast array as its one copy and a strided one as a block; both arrive read-only, as all values."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is not np.ndarray or value.dtype.hasobject or not value.size:
            return NotImplemented
        if 0 in value.strides:
            once = value[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in value.strides)]
            return np.broadcast_to, (read_only(once.copy()), value.shape)
        if not (value.flags.c_contiguous or value.flags.f_contiguous):
            return np.asarray, (read_only(value.copy()),)
        return NotImplemented


def pack(value: Any) -> list[bytes | memoryview]:
    """Head (magic, number of parts, their lengths), the pickle, then the large arrays."""
    buffers: list[memoryview] = []

    def stays_inside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _APART:
            return True
        buffers.append(raw)
        return False

    stream = io.BytesIO()
    _Pickler(stream, protocol=5, buffer_callback=stays_inside).dump(value)
    parts = [stream.getbuffer(), *buffers]
    lengths = [part.nbytes for part in parts]
    return [struct.pack(f"<4sI{len(parts)}Q", _MAGIC, len(parts), *lengths), *parts]


class Channel:
    """Values both ways over a pair of file descriptors."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def send(self, value: Any, until: float | None = None) -> None:
        """Raises TimeoutError past ``until`` (seconds of time.monotonic), OSError when nobody listens; a value that
        cannot be pickled raises before its first byte is sent."""
        for part in pack(value):
            view = memoryview(part)
            while view.nbytes:
                _await(self._writing, select.POLLOUT, until)
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(self._writing, view) :]

    def receive(self, until: float | None = None) -> Any:
        """Arrays arrive read-only. Raises TimeoutError past ``until``, EOFError when the other side is gone,
        ValueError on rubbish."""
        magic, count = struct.unpack("<4sI", self._exactly(8, until))
        if magic != _MAGIC or not 0 < count < 1 << 20:
            raise ValueError(f"a message begins with {_MAGIC!r} and a count, not with {magic!r} and {count}")
        lengths = struct.unpack(f"<{count}Q", self._exactly(8 * count, until))
        if sum(lengths) > _LARGEST:
            raise ValueError(f"a message of {sum(lengths)} bytes is beyond the {_LARGEST} allowed")
        head, *buffers = [self._exactly(length, until) for length in lengths]
        return pickle.loads(head, buffers=buffers)

    def _exactly(self, length: int, until: float | None) -> memoryview:
        block = memoryview(bytearray(length))
        rest = block
        while rest.nbytes:
            _await(self._reading, select.POLLIN, until)
            with contextlib.suppress(BlockingIOError):
                got = os.readv(self._reading, [rest])
                if not got:
                    raise EOFError("the other side closed the pipe")
                rest = rest[got:]
        return block.toreadonly()


def _await(descriptor: int, event: int, until: float | None) -> None:
    if until is None:
        return
    poll = select.poll()  # select() would refuse descriptors above 1023
    poll.register(descriptor, event)
    left = until - time.monotonic()
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError("no answer in time")

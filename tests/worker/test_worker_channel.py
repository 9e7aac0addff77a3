"""Messages over pipes: any value comes out as it went in; rubbish, silence and an early end are told apart."""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.worker.channel import Channel, pack


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def across(value: Any) -> Any:
    reading, writing = os.pipe()
    sender = threading.Thread(target=Channel(-1, writing).send, args=(value,))
    sender.start()
    try:
        return Channel(reading, -1).receive(until=time.monotonic() + 10)
    finally:
        sender.join()
        os.close(reading)
        os.close(writing)


VALUES = st.recursive(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_any_value_survives(value: Any) -> None:
    assert across(value) == value


BIG = np.arange(200_000, dtype=np.float64)


@pytest.mark.parametrize(
    "array",
    [
        np.empty((0, 3)),
        np.float32(3.0) * np.ones(4, np.float32),
        BIG,
        BIG.reshape(400, 500).T,
        BIG[::2],
        BIG.reshape(100, 2000)[:, 7:1500:3],
        np.broadcast_to(np.uint8(3), (400, 500)),
        np.broadcast_to(BIG[:2000:2, None], (1000, 70)),
        np.broadcast_to(BIG[:500, None, None], (500, 3, 50))[::2],
        np.array(["a", "bb"] * 20_000),
        np.array(["2026-01-01", "NaT"] * 10_000, "datetime64[s]"),
        np.array([None, "object"]),
    ],
)
def test_any_array_survives(array: Any) -> None:
    got = across({"a": array})["a"]
    np.testing.assert_array_equal(got, array)
    assert got.dtype == array.dtype and got.shape == array.shape


def test_a_broadcast_array_travels_once() -> None:
    wide = np.broadcast_to(np.zeros((1000, 1)), (1000, 10_000))
    assert sum(memoryview(part).nbytes for part in pack(wide)) < 10_000


def test_silence_is_a_timeout(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        Channel(pipe[0], -1).receive(until=time.monotonic() + 0.1)
    assert 0.1 <= time.monotonic() - begun < 10.0


def test_half_a_message_is_a_timeout_too(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)
    whole = b"".join(pack(BIG))
    os.write(pipe[1], whole[:1000])
    with pytest.raises(TimeoutError):
        Channel(pipe[0], -1).receive(until=time.monotonic() + 0.1)


def test_a_reader_that_stops_reading_is_a_timeout(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    with pytest.raises(TimeoutError):
        Channel(-1, pipe[1]).send(BIG, until=time.monotonic() + 0.1)


def test_an_early_end_is_an_end(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"".join(pack("hello"))[:-1])
    os.close(pipe[1])
    with pytest.raises(EOFError):
        Channel(pipe[0], -1).receive()


@pytest.mark.parametrize(
    "rubbish", [b"printed by a library\n", struct.pack("<4sI", b"HYD1", 0), struct.pack("<4sIQ", b"HYD1", 1, 1 << 60)]
)
def test_rubbish_is_named(pipe: tuple[int, int], rubbish: bytes) -> None:
    os.write(pipe[1], rubbish)
    with pytest.raises(ValueError, match="a message "):
        Channel(pipe[0], -1).receive()


def test_what_cannot_be_pickled_sends_no_byte(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[0], False)
    with pytest.raises((AttributeError, TypeError)):
        Channel(-1, pipe[1]).send([BIG, threading.Lock()])
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)

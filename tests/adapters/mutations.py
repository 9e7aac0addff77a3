"""Broken messages, seeded: what a reader must survive. Bits flipped, pieces cut, doubled, moved, swapped with another
message's, numbers made huge, names made empty, encodings broken.

    check_survives(parse, [message, ...], count=300, seed=1)

``parse(data)`` may give anything back, or raise FeedError or ConfigError: nothing else, in no more than a second, and
in no more than 500 MB beyond what the process held before. The small form runs in ``make test``; 10,000 messages a
parser under the marker ``soak``.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hydria_plugin import ConfigError, FeedError

MOST_S, MOST_BYTES = 1.0, 500_000_000
NASTY = (
    b"", b"\0", b"\xff\xfe", b"NaN", b"Infinity", b"-1e999", b"9" * 400, b"null", b"[" * 2000, b"{" * 2000, b"<" * 50,
    b"&x;", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"<![CDATA[", b"\r\n\r\n", "é\u202e\U0001f30a".encode(),
    b"0000-00-00T25:61:61", b"9999-12-31T23:59:59Z", b"1.79e308", b"true", b'""', b"{}", b"[]", b"1e-400", b"-0",
)  # fmt: skip


def mutated(messages: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` broken forms of the messages, in turn; one to six breaks each."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        data = bytearray(messages[n % len(messages)])
        for _ in range(int(rng.integers(1, 7))):
            data = bytearray(BREAKS[int(rng.integers(len(BREAKS)))](data, messages, rng))
        yield gzip.compress(bytes(data), 1) if rng.random() < 0.02 else bytes(data)


def flipped(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 9))):
        if data:
            data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return data


def cut(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    a, b = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return data[:a] + data[b:] if rng.random() < 0.7 else data[:b]


def doubled(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    a, b = piece(data, rng)
    return data[:b] + data[a:b] * int(rng.integers(1, 20)) + data[b:]


def moved(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    a, b = piece(data, rng)
    rest, at = data[:a] + data[b:], int(rng.integers(0, len(data) - (b - a) + 1))
    return rest[:at] + data[a:b] + rest[at:]


def crossed(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    other = bytearray(messages[int(rng.integers(len(messages)))])
    a, b = piece(other, rng)
    at = int(rng.integers(0, len(data) + 1))
    return data[:at] + other[a:b] + data[at:]


def replaced(data: bytearray, messages: Sequence[bytes], rng: np.random.Generator) -> bytearray:
    """A word or a number, from one delimiter to the next, by something nasty."""
    at = int(rng.integers(0, len(data) + 1))
    a, b = at, at
    while a > 0 and chr(data[a - 1]) not in "<>\"',;:{}[]= \n":
        a -= 1
    while b < len(data) and chr(data[b]) not in "<>\"',;:{}[]= \n":
        b += 1
    return data[:a] + NASTY[int(rng.integers(len(NASTY)))] + data[b:]


def piece(data: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    a = int(rng.integers(0, len(data) + 1))
    return a, min(len(data), a + int(rng.integers(0, 200)))


BREAKS = (flipped, cut, doubled, moved, crossed, replaced, replaced, replaced)


def check_survives(parse: Callable[[bytes], object], messages: Sequence[bytes], count: int = 300, seed: int = 1) -> int:
    """How many broken messages were refused; AssertionError with the first that was not survived."""
    refused, before = 0, peak_of_now()
    for data in mutated(messages, count, seed):
        begun = time.process_time()
        try:
            parse(data)
        except (FeedError, ConfigError) as error:
            refused += 1
            assert str(error).strip(), f"refused without a word: {data[:2000]!r}"
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {data[:4000]!r}") from error
        took = time.process_time() - begun
        assert took < MOST_S, f"{took:.1f} s for {data[:2000]!r}"
    took_bytes = memory("VmHWM") - before
    assert took_bytes < MOST_BYTES, f"{took_bytes / 1e6:.0f} MB more than before"
    return refused


def peak_of_now() -> int:
    """Bytes that this process holds; from here on its peak is counted anew (Linux; elsewhere since its start)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return memory("VmHWM")


def memory(name: str) -> int:
    """Bytes, of /proc/self/status; 0 where there is none."""
    with contextlib.suppress(OSError):
        if found := re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE):
            return 1024 * int(found[1])
    return 0

"""Gzip: whole, in members, damaged, truncated, too large; at once and as a stream."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import FeedError
from hydria_plugin.exchange import bounded, gunzipped


def streamed(data: bytes, most: int = 1 << 20, piece: int = 7) -> bytes:
    file, parts = bounded(io.BytesIO(data), "f.gz", most), []
    while part := file.read(piece):
        parts.append(part)
    return b"".join(parts)


@given(st.binary(max_size=300), st.binary(max_size=300), st.booleans())
def test_any_bytes_come_back(first: bytes, second: bytes, padded: bool) -> None:
    packed = gzip.compress(first) + gzip.compress(second) + b"\0" * (512 if padded else 0)
    assert gunzipped(packed, "f.gz") == first + second == streamed(packed)
    assert bounded(io.BytesIO(packed), "f.gz").read() == first + second


@given(st.binary(max_size=300).filter(lambda b: not b.startswith(b"\x1f\x8b")))
def test_what_is_not_packed_stays(data: bytes) -> None:
    assert gunzipped(data, "f") == data == streamed(data)


@pytest.mark.parametrize("read", [lambda d: gunzipped(d, "f.gz", 1000), lambda d: streamed(d, 1000)])
def test_no_more_than_allowed(read: object) -> None:
    assert callable(read)
    assert len(read(gzip.compress(b"0" * 1000))) == 1000
    for data in (gzip.compress(b"0" * 1001), b"0" * 1001, gzip.compress(b"0" * 600) * 2):
        with pytest.raises(FeedError, match=r"f.gz: holds .*1,00\d bytes"):
            read(data)


@pytest.mark.parametrize("read", [lambda d: gunzipped(d, "f.gz"), streamed])
def test_damage_and_truncation_are_told_apart(read: object) -> None:
    assert callable(read)
    whole = gzip.compress(bytes(range(256)) * 20, mtime=0)
    with pytest.raises(FeedError, match="f.gz: is truncated gzip"):
        read(whole[:-30])
    broken = bytearray(whole)
    broken[-6] ^= 255  # the checksum
    with pytest.raises(FeedError, match="f.gz: is damaged gzip") as found:
        read(bytes(broken))
    assert isinstance(found.value.__cause__, zlib.error)


WHOLE = gzip.compress(bytes(range(256)) * 4, mtime=0) + gzip.compress(b"river" * 50, mtime=0)
FIRST = len(gzip.compress(bytes(range(256)) * 4, mtime=0))


@given(st.integers(2, len(WHOLE) - 1).filter(lambda cut: cut != FIRST))
@settings(max_examples=40)
def test_wherever_a_file_ends_too_early_that_is_told_alike(cut: int) -> None:
    for read in (lambda d: gunzipped(d, "f.gz"), streamed, lambda d: bounded(io.BytesIO(d), "f.gz").read()):
        with pytest.raises(FeedError, match="^f.gz: is truncated gzip$"):
            read(WHOLE[:cut])


@given(st.integers(2, len(WHOLE) - 1), st.integers(1, 255))
@settings(max_examples=40)
def test_one_changed_byte_is_told_or_changes_nothing(place: int, bits: int) -> None:
    """Only the head of a member has bytes that say nothing of what is in it."""
    changed = bytearray(WHOLE)
    changed[place] ^= bits
    try:
        found = gunzipped(bytes(changed), "f.gz")
    except FeedError as error:
        assert str(error).startswith("f.gz: is ")
        with pytest.raises(FeedError, match="^f.gz: is "):
            streamed(bytes(changed))
    else:
        assert found == gzip.decompress(WHOLE) == streamed(bytes(changed))


@given(st.binary(max_size=400), st.integers(1, 500), st.booleans())
@settings(max_examples=30)
def test_pieces_of_any_size_make_the_whole(data: bytes, piece: int, packed: bool) -> None:
    written = gzip.compress(data) if packed or data.startswith(b"\x1f\x8b") else data
    assert streamed(written, piece=piece) == data
    file = bounded(io.BytesIO(written), "f.gz")
    assert file.read(0) == b"" and file.read() + file.read(piece) == data

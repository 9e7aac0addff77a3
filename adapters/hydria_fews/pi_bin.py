"""The binary form: headers in XML, values beside it in a ``.bin`` of the same name. Little-endian float32, one series
after the other as the headers come, without times: the headers say them, so only equidistant series have the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from hydria_plugin import FeedError

from .pi_series import NO_FLAG, PiHeader, PiSeries

FORM = np.dtype("<f4")
MOST = 1 << 27  # values of one file


def with_values(series: Sequence[PiSeries], data: bytes, place: str) -> tuple[PiSeries, ...]:
    """The series of headers, with the values of a ``.bin``. Raises FeedError where the two do not fit together."""
    counts = [count_of(one.header, place) for one in series]
    meant, there = sum(counts), len(data) / FORM.itemsize
    if meant > MOST:
        raise FeedError(f"{place}: the headers speak of {meant:,} values; at most {MOST:,} are read")
    if meant != there:
        raise FeedError(
            f"{place}: holds {len(data):,} bytes = {there:g} values, but the headers in the XML beside it speak of "
            f"{meant:,} ({', '.join(map(str, counts[:5]))}{', ...' if len(counts) > 5 else ''}): they are not of one "
            "export; nothing is read of either"
        )
    values, found, at = np.frombuffer(data, dtype=FORM), [], 0
    for one, count in zip(series, counts, strict=True):
        found.append(filled(one, values[at : at + count]))
        at += count
    return tuple(found)


def filled(series: PiSeries, values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> PiSeries:
    """The header's series with its values, each at its time; missVal is compared as float32, too."""
    header = series.header
    length = header.step.length
    times = header.start + np.arange(len(values)) * (np.timedelta64(0, "ms") if length is None else length)
    value = values.astype(np.float64)
    with np.errstate(over="ignore"):  # one that is beyond float32 is infinite there, too
        missing = np.float32(header.missing)
    value[(values == missing) | ~np.isfinite(value)] = np.nan
    return PiSeries.of(header, times, value)


def count_of(header: PiHeader, place: str) -> int:
    """How many values a header speaks of. Raises FeedError."""
    name, length = f"{header.location}, {header.parameter}", header.step.length
    if length is None or length <= np.timedelta64(0, "ms"):
        raise FeedError(
            f"{place}: series {name} has the time step {header.step.unit!r}: values without times need steps of one "
            "length"
        )
    if np.isnat(header.start) or np.isnat(header.end) or header.end < header.start:
        raise FeedError(
            f"{place}: series {name} does not say from when to when it is: startDate and endDate are needed"
        )
    return int((header.end - header.start) // length) + 1


def pi_bin(series: Iterable[PiSeries]) -> Iterator[bytes]:
    """The ``.bin``, series by series. Raises FeedError for one that is not equidistant."""
    for one in series:
        yield np.where(np.isnan(one.value), one.header.missing, one.value).astype(FORM).tobytes()


def without_values(series: PiSeries, place: str) -> PiSeries:
    """What stands in the XML beside the ``.bin``: the header, which must say where each value stands. Raises FeedError
    for a series that is not equidistant, or has flags."""
    if not len(series):
        raise FeedError(f"{place}: series {series.header.location}, {series.header.parameter} has no values to write")
    header = replace(series.header, start=series.time[0], end=series.time[-1])
    length = np.timedelta64(0, "ms") if header.step.length is None else header.step.length
    if count_of(header, place) != len(series) or (np.diff(series.time) != length).any():
        raise FeedError(
            f"{place}: series {header.location}, {header.parameter} leaves out steps: the binary form has no times"
        )
    if (series.flag != NO_FLAG).any() or series.more:
        raise FeedError(f"{place}: series {header.location}, {header.parameter} has flags: the binary form has none")
    return PiSeries.of(header, [], [])

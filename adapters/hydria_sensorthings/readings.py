"""Observations as the server writes them, one by one or as a data array, to readings: when, what, of which quality."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

import numpy as np

from hydria_plugin import Flag
from hydria_plugin.exchange import moment

from .faults import Faults, quoted

NEVER: np.datetime64 = np.datetime64("NaT", "us")
FLAGS = {flag.name.lower(): flag for flag in Flag}


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation. An instant begins when it ends."""

    begin: np.datetime64  # [us], UTC
    end: np.datetime64
    value: float  # NaN: the host says that there is none
    resulted: np.datetime64  # NaT where the host does not say
    flag: int
    member: int


@dataclass(frozen=True, slots=True)
class Manner:
    """How the observations of a server are to be understood."""

    zone: tzinfo = UTC  # of times without offset
    missing: frozenset[float] = frozenset()  # numbers that mean "no value"
    flag: tuple[str, ...] = ()  # the way to the host's word on quality
    flags: Mapping[str, int] = field(default_factory=dict)  # the host's words
    member: tuple[str, ...] = ("parameters", "member")


def records(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The observations of one page, whichever of the two forms it has; what is no observation is passed over."""
    for item in document.get("value") or ():
        if not isinstance(item, dict):
            continue
        names, table = item.get("components"), item.get("dataArray")
        if not isinstance(names, list) or not isinstance(table, list):
            yield item
            continue
        for row in table:
            if isinstance(row, list) and len(row) == len(names):
                yield {str(name): cell for name, cell in zip(names, row, strict=True)}


def readings(document: Mapping[str, Any], manner: Manner, series: str, faults: Faults) -> Iterator[Reading]:
    """What of a page can be used; the rest is told to ``faults``."""
    for record in records(document):
        try:
            yield reading_of(record, manner)
        except Unusable as unusable:
            faults.add(series, unusable.kind, str(unusable))


class Unusable(Exception):
    """This observation says nothing that can be used."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def reading_of(record: Mapping[str, Any], manner: Manner) -> Reading:
    """Raises Unusable."""
    begin, end = span_of(record.get("phenomenonTime"), manner.zone)
    value = value_of(record.get("result"), manner)
    return Reading(
        begin, end, value, resulted_at(record, manner.zone), flag_of(record, manner), member_of(record, manner)
    )


def span_of(text: object, zone: tzinfo) -> tuple[np.datetime64, np.datetime64]:
    """An instant, or the two ends of an interval. Raises Unusable."""
    if not isinstance(text, str) or not text.strip():
        raise Unusable("time", f"an observation without phenomenonTime ({quoted(text)}) is not used")
    first, _, last = text.partition("/")
    try:
        begin = moment(first, zone)
        end = moment(last, zone) if last.strip(" .") else begin
    except (ValueError, OverflowError) as error:
        raise Unusable("time", f"phenomenonTime {quoted(text)} is no time; the observation is not used") from error
    if end < begin:
        raise Unusable("time", f"phenomenonTime {quoted(text)} ends before it begins; the observation is not used")
    return begin, end


def resulted_at(record: Mapping[str, Any], zone: tzinfo) -> np.datetime64:
    """resultTime; NaT where it is null or no time: many servers of version 1.0 leave it out."""
    text = record.get("resultTime")
    try:
        return moment(text, zone) if isinstance(text, str) else NEVER
    except (ValueError, OverflowError):
        return NEVER


def value_of(result: object, manner: Manner) -> float:
    """A number, a number in quotes, or true and false as 1 and 0. Raises Unusable."""
    if result is None:
        return math.nan
    if isinstance(result, int | float | str):
        try:
            value = float(result)
        except (ValueError, OverflowError) as error:
            raise Unusable("result", f"result {quoted(result)} is not a number; the value is not used") from error
        if math.isinf(value) or abs(value) >= 1e15:
            raise Unusable("absurd", f"result {quoted(result)} cannot be a measurement; the value is not used")
        return math.nan if value in manner.missing else value
    raise Unusable("result", f"result {quoted(result)} is not a number; the value is not used")


def flag_of(record: Mapping[str, Any], manner: Manner) -> int:
    """The host's word on quality by the admin's list; unknown where the list does not have it."""
    if not manner.flags:
        return int(Flag.GOOD)
    word = at_path(record, manner.flag)
    return manner.flags.get(str(word), int(Flag.UNKNOWN)) if word is not None else int(Flag.UNKNOWN)


def member_of(record: Mapping[str, Any], manner: Manner) -> int:
    number = at_path(record, manner.member)
    return number if isinstance(number, int) and 0 <= number < 100_000 else 0


def at_path(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What stands at the end of a path of names; None where the path ends before."""
    found: Any = record
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found

"""PI-XML as FEWS writes it, made up line by line and not by our writer: a shape says how its events are laid out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MISSING = "-999.0"
START, HOUR = np.datetime64("2020-01-01T00:00:00", "s"), np.timedelta64(3600, "s")
SPACE = "http://www.wldelft.nl/fews/PI"


@dataclass(frozen=True)
class Shape:
    """How the events of one file are laid out."""

    series: int
    steps: str = "even"  # "even", or "uneven": seconds apart as gauges send them
    prefix: str = ""
    members: int = 0  # of one location; a forecast then
    is_flagged: bool = True  # a flag on every event
    is_mixed: bool = False  # flags of every kind, some absent, sources and comments on some; a tenth is missing
    source: str = ""  # flagSource of every event


SHAPES = {
    "even": Shape(1000),
    "prefix": Shape(1000, prefix="pi:"),
    "uneven": Shape(100, "uneven"),
    "ensemble": Shape(5000, members=50, is_flagged=False),
    "mixed": Shape(1000, is_mixed=True),
    "sources": Shape(1000, source="IMP"),
    "long": Shape(1),
}


def document(shape: Shape, events: int) -> Iterator[str]:
    """As FEWS writes it: indented, a header each, times of UTC+1."""
    p, rng = shape.prefix, np.random.default_rng(1)
    space = f"xmlns:{p[:-1]}" if p else "xmlns"
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{p}TimeSeries {space}="{SPACE}" version="1.24">\n'
    yield f"    <{p}timeZone>1.0</{p}timeZone>\n"
    each = events // shape.series
    for n in range(shape.series):
        seconds = HOUR * np.arange(each)
        if shape.steps == "uneven":
            seconds = np.cumsum(rng.integers(60, 1200, each)).astype("timedelta64[s]")
        times = np.datetime_as_string(START + seconds).tolist()
        yield header(shape, n, times)
        values = rng.gamma(2.0, 10.0, each).round(3).tolist()
        yield lines(shape, times, values, rng)
        yield f"    </{p}series>\n"
    yield f"</{p}TimeSeries>\n"


def header(shape: Shape, n: int, times: list[str]) -> str:
    p, members = shape.prefix, shape.members
    place, member = divmod(n, members) if members else (n, 0)
    step = (
        '<{}timeStep unit="second" multiplier="3600"/>'
        if shape.steps == "even"
        else '<{}timeStep unit="nonequidistant"/>'
    )
    of = f"<{p}ensembleId>GR</{p}ensembleId><{p}ensembleMemberIndex>{member + 1}</{p}ensembleMemberIndex>" * bool(
        members
    )
    issued = f'<{p}forecastDate date="2019-12-31" time="23:00:00"/>' * bool(members)
    first, last = (f'date="{t[:10]}" time="{t[11:]}"' for t in (times[0], times[-1]))
    return (
        f"    <{p}series>\n        <{p}header>\n            <{p}type>instantaneous</{p}type>\n"
        f"            <{p}locationId>L{place:04d}</{p}locationId>\n            <{p}parameterId>Q.obs</{p}parameterId>\n"
        f"            {of}{step.format(p)}\n            <{p}startDate {first}/>\n            <{p}endDate {last}/>\n"
        f"            {issued}<{p}missVal>{MISSING}</{p}missVal>\n"
        f"            <{p}stationName>Gauge {place}</{p}stationName>\n"
        f"            <{p}units>m3/s</{p}units>\n        </{p}header>\n"
    )


def lines(shape: Shape, times: list[str], values: list[float], rng: np.random.Generator) -> str:
    mark = ' flag="0"' * shape.is_flagged + f' flagSource="{shape.source}"' * bool(shape.source)
    start, more = f"        <{shape.prefix}event", [mark] * len(times)
    texts = [str(v) for v in values]
    if shape.is_mixed:
        texts = [MISSING if gone else v for gone, v in zip(rng.random(len(texts)) < 0.1, texts, strict=True)]
        more = [marks(kind) for kind in rng.integers(0, 100, len(times)).tolist()]
    return "".join(
        f'{start} date="{t[:10]}" time="{t[11:]}" value="{v}"{m}/>\n'
        for t, v, m in zip(times, texts, more, strict=True)
    )


def marks(kind: int) -> str:
    """Two of a hundred events without a flag, two with a source and one with a comment of a forecaster."""
    if kind < 2:
        return ""
    source = ' flagSource="MAN" user="eve"' * (kind < 4) + ' flagSource="HX" comment="ice on the gauge"' * (kind == 4)
    return f' flag="{kind % 9}"{source}'

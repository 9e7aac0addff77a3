"""PI-XML time series, written as a stream of bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from hydria_plugin import FeedError

from .pi_headers import header_facts, hours, number_text
from .pi_series import NO_FLAG, PiSeries

NAMESPACE = "http://www.wldelft.nl/fews/PI"
VERSION = "1.24"
BLOCK = 50_000  # events that are text at the same time
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pi_xml(series: Iterable[PiSeries], *, zone: float = 0.0, version: str = VERSION) -> Iterator[bytes]:
    """The document in pieces; times as of a clock ``zone`` hours ahead of UTC. Raises FeedError for what XML cannot
    hold."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<TimeSeries xmlns="{NAMESPACE}" version={quoteattr(version)}>\n<timeZone>{float(zone)!r}</timeZone>\n'
    ).encode()
    for one in series:
        lines = ["<series>", "<header>", *_elements(header_facts(one.header, zone)), "</header>"]
        yield ("\n".join(lines) + "\n").encode()
        for start in range(0, len(one), BLOCK):
            yield _events(one, slice(start, start + BLOCK), zone).encode()
        yield b"</series>\n"
    yield b"</TimeSeries>\n"


def _elements(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, fact in facts.items():
        for one in fact if isinstance(fact, list) else [fact]:
            if not isinstance(one, Mapping):
                yield f"<{name}>{_text(one)}</{name}>"
                continue
            texts = [f"{n}={quoteattr(_allowed(v))}" for n, v in one.items() if isinstance(v, str)]
            inner = "".join(_elements({n: v for n, v in one.items() if not isinstance(v, str)}))
            yield f"<{' '.join([name, *texts])}>{inner}</{name}>" if inner else f"<{' '.join([name, *texts])}/>"


def _events(series: PiSeries, part: slice, zone: float) -> str:
    """One line for each."""
    missing = number_text(series.header.missing)
    local = series.time[part] + hours(zone)
    whole = bool((local == local.astype("datetime64[s]")).all())
    stamps = np.datetime_as_string(local, unit="s" if whole else "ms").tolist()
    values = [missing if v != v else repr(v) for v in series.value[part].tolist()]
    flags = ["" if f == NO_FLAG else f' flag="{f}"' for f in series.flag[part].tolist()]
    more = _attributes(series, part) or [""] * len(stamps)
    return "".join(
        f'<event date="{t[:10]}" time="{t[11:]}" value="{v}"{f}{m}/>\n'
        for t, v, f, m in zip(stamps, values, flags, more, strict=True)
    )


def _attributes(series: PiSeries, part: slice) -> list[str]:
    columns = [(name, texts[part].tolist()) for name, texts in series.more.items()]
    return [
        "".join(f" {name}={quoteattr(_allowed(text))}" for (name, _), text in zip(columns, row, strict=True) if text)
        for row in zip(*(texts for _, texts in columns), strict=True)
    ]


def _text(text: str) -> str:
    return escape(_allowed(text), {"\r": "&#13;"})


def _allowed(text: str) -> str:
    if FORBIDDEN.search(text):
        raise FeedError(f"{text!r} cannot be written: XML has no place for control characters")
    return text

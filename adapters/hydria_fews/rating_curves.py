"""Rating curves as FEWS exports them (``pi_ratingcurves.xsd``): rows of stage and discharge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError, FoundRating
from hydria_plugin.exchange import factor

from .documents import child, children, pi_element, text_of, time_of, zone_of

if TYPE_CHECKING:
    from lxml.etree import _Element

ALWAYS = np.datetime64("NaT", "s")
Points = tuple[tuple[float, float], ...]


def read_ratings(file: Path) -> tuple[list[FoundRating], list[str]]:
    """The curves, and a remark on each that is not used. Raises FeedError where the file holds none; OSError."""
    return ratings_of(pi_element(file.read_bytes(), str(file), "RatingCurves"), str(file))


def ratings_of(document: _Element, place: str) -> tuple[list[FoundRating], list[str]]:
    """The same, of a document."""
    found, remarks = list[FoundRating](), list[str]()
    try:
        zone: tzinfo = zone_of(document) or UTC
    except ValueError as error:
        raise FeedError(f"{place}: {error}") from error
    for count, curve in enumerate(children(document, "ratingCurve"), 1):
        header, table = child(curve, "header"), child(curve, "table")
        try:
            if header is None or table is None or not text_of(header, "locationId"):
                raise ValueError("it needs a header with locationId, and a table")
            begin = child(header, "startDate")
            valid_from = ALWAYS if begin is None else time_of(begin, zone)
            found.append(FoundRating(text_of(header, "locationId"), valid_from, points_of(header, table)))
        except ValueError as error:
            remarks.append(f"{place}: rating curve {count} is not used: {error}")
    return found, remarks


def points_of(header: _Element, table: _Element) -> Points:
    """Stage in m and discharge in m3/s, both rising: of rows with one discharge the highest stage begins to rise.
    Raises ValueError where fewer than two are left."""
    stage_factor = factor(text_of(header, "stageUnit") or "m", "m")
    flow_factor = factor(text_of(header, "dischargeUnit") or "m3/s", "m3/s")
    rows = sorted((h * stage_factor, q * flow_factor) for h, q in rows_of(table))
    kept: list[tuple[float, float]] = []
    for stage, flow in rows:
        if kept and flow <= kept[-1][1]:
            if flow == kept[-1][1]:
                kept[-1] = (stage, flow)
            continue
        kept.append((stage, flow))
    if len(kept) < 2:
        raise ValueError(f"{len(kept)} of its {len(rows)} rows rise in stage and discharge; at least two are needed")
    return tuple(kept)


def rows_of(table: _Element) -> Iterator[tuple[float, float]]:
    for row in children(table, "row"):
        stage, flow = (float(str(row.get(name, "nan"))) for name in ("stage", "discharge"))
        if np.isfinite(stage) and np.isfinite(flow):
            yield stage, flow

"""Several sources as one: each series of a pipeline comes from exactly one of them.

Live cycles ask them apart, and go on without one that is down (see asking.py). Whoever wants a whole record, to train
or to score, reads ``Several`` like any other source: all that was wanted comes, or FeedError names who did not give it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from .errors import FeedError
from .roles import Source
from .tables_columns import NEVER, Rows, columns
from .values import Layout, Problem, Wanted

if TYPE_CHECKING:
    import pandas as pd

STAGE = "source"  # of a Problem


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and the series that it is asked for. ``name``: among several; "" where it is the only one."""

    name: str
    source: Source
    series: tuple[str, ...]

    @property
    def stage(self) -> str:
        """Where its problems arise: ``source hubeau``."""
        return f"{STAGE} {self.name}" if self.name else STAGE

    def named(self, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Its problems, saying whose they are."""
        return tuple(replace(p, stage=self.stage) if p.stage == STAGE else p for p in problems)


@dataclass(frozen=True, slots=True, eq=False)
class LayoutOfSome(Layout):
    """A pipeline's layout as one of several sources is given it: whole, for units and kinds, but asked for some."""

    asked: tuple[str, ...] = ()

    @classmethod
    def of(cls, layout: Layout, asked: Sequence[str]) -> LayoutOfSome:
        return cls(**{f.name: getattr(layout, f.name) for f in fields(Layout)}, asked=tuple(asked))

    def all_series(self) -> tuple[str, ...]:
        """Those that this source is asked for."""
        return self.asked


class Several:
    """Sources that share the series of a pipeline. Raises FeedError when one of those asked cannot be read."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds = tuple(feeds)

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """The rows of all, each source asked for its own series, one after the other."""
        asked, place = set(wanted.series), {series: i for i, series in enumerate(wanted.series)}
        parts: list[Rows] = []
        problems: list[Problem] = []
        for feed in self.feeds:
            if not (mine := tuple(series for series in feed.series if series in asked)):
                continue
            try:
                table = feed.source.read(replace(wanted, series=mine))
                parts.append(columns(table, {series: place[series] for series in mine}))
            except FeedError as error:
                raise FeedError(f"{feed.stage}: {error}") from error
            problems += feed.named(table.attrs.get("problems", ()))
        return table_of(parts, wanted.series, problems)


def feeds_of(source: Source, series: tuple[str, ...]) -> tuple[Feed, ...]:
    """The sources that are to be asked, with their part of ``series``."""
    if not isinstance(source, Several):
        return (Feed("", source, series),)
    known = set(series)
    mine = (replace(feed, series=tuple(s for s in feed.series if s in known)) for feed in source.feeds)
    return tuple(feed for feed in mine if feed.series)


def table_of(parts: Sequence[Rows], series: Sequence[str], problems: Sequence[Problem]) -> pd.DataFrame:
    """The rows as a source gives them, those of the first part first."""
    import pandas as pd

    def all_of(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts]) if parts else np.empty(0, np.int64)

    def utc(times: np.ndarray) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(times.astype(np.int64).view("datetime64[us]")).tz_localize("UTC")

    names = pd.Categorical.from_codes(all_of("series"), categories=pd.Index(list(series), dtype=object))
    held: Mapping[str, object] = {"series": names, "time": utc(all_of("stamp")), "value": all_of("value").astype(float)}
    frame = pd.DataFrame({**held, "flag": all_of("flag")})
    received, issue = all_of("received"), all_of("issue")
    if (received != NEVER).any():
        frame["received_at"] = utc(received)
    if (issue != NEVER).any():
        frame["issued_at"], frame["member"] = utc(issue), all_of("member")
    frame.attrs["problems"] = list(problems)
    return frame

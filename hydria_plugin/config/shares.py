"""Which series come from which of several sources: the first whose ``takes`` has a pattern that matches."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..values import Layout
from .desk import Desk
from .places import listed, meant
from .schema import SourceTable

Share = tuple[str, ...]


def share_out(desk: Desk, layout: Layout | None) -> list[Share]:
    """The series of each source, in the order of the configuration; what does not add up is a fault. The only source
    has all; where the stations are at fault nothing can be said."""
    sources = desk.table.source
    if not isinstance(sources, list):
        return [layout.all_series() if layout is not None else ()]
    check_catch_all(desk, sources)
    if layout is None:
        return [() for _ in sources]
    series = layout.all_series()
    owner = {name: first_of(sources, name) for name in series}
    for i, source in enumerate(sources):
        check_use(desk, sources, i, source, owner)
    if left := [name for name, i in owner.items() if i is None]:
        what = f"no source takes the series {listed(map(repr, left), 5)}"
        desk.file.faults.add(desk.place("source"), what, "a pattern in `takes` of one of them, or one without `takes`")
    return [tuple(name for name in series if owner[name] == i) for i in range(len(sources))]


def first_of(sources: Sequence[SourceTable], series: str) -> int | None:
    """Which source takes the series: the first whose patterns match, then the one without."""
    for i, source in enumerate(sources):
        if source.takes is not None and any(fnmatchcase(series, pattern) for pattern in source.takes):
            return i
    return next((i for i, source in enumerate(sources) if source.takes is None), None)


def check_catch_all(desk: Desk, sources: Sequence[SourceTable]) -> None:
    """Only one may take the rest."""
    first, *more = [i for i, source in enumerate(sources) if source.takes is None] or [0]
    for i in more:
        what = f"source[{first + 1}] and source[{i + 1}] have no `takes`: only one can take the rest"
        desk.file.faults.add(desk.place("source", i), what, 'patterns of series, takes = ["Y*", "rain.?"]')


def check_use(
    desk: Desk, sources: Sequence[SourceTable], i: int, source: SourceTable, owner: dict[str, int | None]
) -> None:
    """A pattern, or a source, that takes nothing is a mistake."""
    for k, pattern in enumerate(source.takes or ()):
        mine = [name for name in owner if fnmatchcase(name, pattern)]
        if not mine:
            what = f"matches no series of the stations and inputs{meant(pattern, owner)}"
            desk.refuse(("source", i, "takes", k), what, f"patterns of {listed(owner)}")
        elif all(owner[name] != i for name in mine):
            other = owner[mine[0]]
            what = f"takes nothing: {listed(mine, 5)} is taken by source[{(other or 0) + 1}]"
            desk.refuse(("source", i, "takes", k), what, "patterns of series that no source before takes")
    if source.takes is None and len(sources) > 1 and i not in owner.values():
        first = next(n for n, one in enumerate(sources) if one.takes is None)
        if i == first:
            what = "takes the rest, and nothing is left: every series is taken by the others"
            desk.file.faults.add(desk.place("source", i), what, "a source less, or narrower patterns for the others")

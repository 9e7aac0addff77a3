"""A plug-in of a site's own: rivers from Hub'Eau, rain from CSV files. Hub'Eau has no rain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_csv import CsvSource
from hydria_hubeau.hubeau import HubeauSource
from hydria_plugin import Layout, Source, Wanted, hookimpl


class Both:
    """Each series from the source that has it."""

    def __init__(
        self,
        *,
        url: str,
        rain: str,
        names: Mapping[str, str],
        record: str,
        folder: Path,
        clock: Callable[[], np.datetime64],
        layout: Layout,
    ) -> None:
        self._rivers = HubeauSource(
            url=url, names=names, record=record, folder=folder, clock=clock, layout=layout, pause_s=0, size=500
        )
        self._rain = CsvSource(path=rain, folder=folder, clock=clock, settle="0s")
        self._is_river = set(names.values())

    def read(self, wanted: Wanted) -> pd.DataFrame:
        rivers = tuple(s for s in wanted.series if s in self._is_river)
        others = tuple(s for s in wanted.series if s not in self._is_river)
        parts = [(self._rivers, rivers), (self._rain, others)]
        tables = [source.read(with_series(wanted, names)) for source, names in parts if names]
        table = pd.concat(tables, ignore_index=True)
        table.attrs["problems"] = [p for t in tables for p in t.attrs["problems"]]
        return table


def with_series(wanted: Wanted, series: tuple[str, ...]) -> Wanted:
    return Wanted(series, wanted.start, wanted.issued_at, wanted.known_at, wanted.end, wanted.step)


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"hubeau-and-rain": Both}

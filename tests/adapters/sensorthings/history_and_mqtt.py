"""A plug-in of a site's own: the history from CSV files, what comes now from a broker. No broker keeps years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hydria_csv import CsvSource
from hydria_plugin import Layout, Source, Wanted, hookimpl
from hydria_sensorthings.broker_source import MqttSource


class Both:
    """Rows of the archive, and what was heard since."""

    def __init__(
        self,
        *,
        url: str,
        feeds: Sequence[Mapping[str, str]],
        archive: str,
        folder: Path,
        clock: Callable[[], np.datetime64],
        layout: Layout,
    ) -> None:
        self._archive = CsvSource(path=archive, folder=folder, clock=clock, settle="0s")
        self._broker = MqttSource(url=url, feeds=feeds, clock=clock, layout=layout, settle_s=0.3)

    def read(self, wanted: Wanted) -> pd.DataFrame:
        tables = [self._archive.read(wanted), self._broker.read(wanted)]
        table = pd.concat([one for one in tables if len(one)] or tables[:1], ignore_index=True)
        table.attrs["problems"] = [p for one in tables for p in one.attrs["problems"]]
        return table

    def close(self) -> None:
        self._broker.close()


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {"history-and-mqtt": Both}

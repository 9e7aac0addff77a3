"""Fixtures of the adapters' tests: folders of CSV, the web service of FEWS, and no waiting between tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from csv_feeds import asked
from fews_service import PiServer, serving

from hydria_csv import CsvSource
from hydria_plugin import Wanted
from hydria_plugin.exchange import Web

Read = Callable[..., pd.DataFrame]


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    """An empty folder of feeds."""
    folder = tmp_path / "feeds"
    folder.mkdir()
    return folder


@pytest.fixture
def read(feeds: Path) -> Read:
    """Write ``content`` as a file and read it: read(content, *series, name=, wanted=, **options of the source)."""

    def read_it(content: str | bytes, *series: str, name: str = "a.csv", wanted: Wanted | None = None, **options: Any):
        (feeds / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return CsvSource(path="feeds", folder=feeds.parent, **options).read(wanted or asked(series))

    return read_it


@pytest.fixture
def host() -> Iterator[PiServer]:
    with serving() as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No waiting between tries; how long it would have been."""
    waits: list[float] = []
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "sleep", waits.append)
    return waits

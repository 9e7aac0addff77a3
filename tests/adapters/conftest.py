"""Fixtures of the CSV adapter's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from csv_feeds import asked

from hydria_csv import CsvSource
from hydria_plugin import Wanted

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

"""The store itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hydria_plugin import Layout
from hydria_plugin.stores import forms
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.testing import sample_alert

from .large import STEP, large_bulletins, large_layout, large_observations
from .timing import Row, Steps, measured

REPEATS = 7


def bulletins_in_blocks(folder: Path, layout: Layout, block: int) -> Row:
    """The store itself, with blocks of ``block`` stations."""
    path, was = folder / f"blocks-{block}.db", forms.BLOCK
    forms.BLOCK = block
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Steps:
        for bulletin in large_bulletins(layout):
            yield (
                lambda b=bulletin: store.put(b, ("csv",)),  # type: ignore[misc]
                lambda b=bulletin: store.bulletin("bench", b.issued_at),  # type: ignore[misc]
            )

    row = measured(f"store, blocks of {block:,} stations", path, steps(), REPEATS, store.close)
    forms.BLOCK = was
    return row


def observations_in_store(folder: Path, layout: Layout) -> Row:
    """Observations through ``put``, with the bulletin of a single station: ingest, ledger and commit."""
    path = folder / "observations.db"
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Steps:
        series = layout.all_series()
        for small in large_bulletins(large_layout(1)):
            received = replace(large_observations(layout, small.issued_at), series=series)
            whole = replace(small, received=received)
            at = small.issued_at
            yield (
                lambda b=whole: store.put(b),  # type: ignore[misc]
                lambda at=at: store.observations("bench", at, at, at),  # type: ignore[misc]
            )

    return measured("store, a row of columns per cycle", path, steps(), 20, store.close)


def alerts_in_store(folder: Path, layout: Layout) -> Row:
    """The worst night: every station has an open event, and news in every step."""
    path = folder / "alerts.db"
    store = SqlStore(f"sqlite:///{path}")

    def steps() -> Steps:
        for small in large_bulletins(large_layout(1)):
            at = small.issued_at
            worst = replace(small, alerts=tuple(sample_alert(at, station) for station in layout.stations))
            yield (
                lambda b=worst: store.put(b),  # type: ignore[misc]
                lambda at=at: store.last_alerts("bench", at + STEP),  # type: ignore[misc]
            )

    return measured("store, a row per alert", path, steps(), REPEATS, store.close)

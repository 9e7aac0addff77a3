"""The forms it could have had instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hydria_plugin import Bulletin, Layout, Observations

from .large import LEADS, QUANTILES, START, STEP, large_bulletins, large_observations
from .timing import Row, Steps, connect, measured

REPEATS = 7


def bulletins_by_value(folder: Path, layout: Layout) -> Row:
    """A row per station, lead and quantile, as forecast tables usually are; the quantiles only."""
    path = folder / "values.db"
    connection = connect(path)
    connection.execute(
        "CREATE TABLE forecast (issued INTEGER, station TEXT, lead INTEGER, quantile REAL, value REAL,"
        " PRIMARY KEY (issued, station, lead, quantile)) WITHOUT ROWID"
    )

    def write(bulletin: Bulletin) -> None:
        at = int(bulletin.issued_at.astype(np.int64))
        keys = ((at, s, h, q) for s in layout.stations for h in range(1, LEADS + 1) for q in QUANTILES)
        rows = ((*key, v) for key, v in zip(keys, bulletin.forecast.values.ravel().tolist(), strict=True))
        with connection:
            connection.executemany("INSERT INTO forecast VALUES (?,?,?,?,?)", rows)

    def read(bulletin: Bulletin) -> None:
        at = int(bulletin.issued_at.astype(np.int64))
        np.array(connection.execute("SELECT value FROM forecast WHERE issued = ?", (at,)).fetchall())

    def steps() -> Steps:
        for b in large_bulletins(layout):
            yield lambda b=b: write(b), lambda b=b: read(b)  # type: ignore[misc]

    return measured("a row per value (quantiles only)", path, steps(), 1, connection.close)


def observations_by_value(folder: Path, layout: Layout) -> Row:
    path = folder / "observation-values.db"
    connection = connect(path)
    connection.execute(
        "CREATE TABLE observation (time INTEGER, series TEXT, value REAL, received INTEGER,"
        " PRIMARY KEY (time, series)) WITHOUT ROWID"
    )

    def write(received: Observations) -> None:
        times, known = received.times.astype(np.int64).tolist(), received.received_at.astype(np.int64).tolist()
        with connection:
            rows = zip(times, received.series, received.values.tolist(), known, strict=True)
            connection.executemany("INSERT INTO observation VALUES (?,?,?,?)", rows)

    def read(received: Observations) -> None:
        at = int(received.times[0].astype(np.int64))
        np.array(connection.execute("SELECT value FROM observation WHERE time = ?", (at,)).fetchall())

    def steps() -> Steps:
        for i in range(10**6):
            received = large_observations(layout, START + i * STEP)
            yield lambda r=received: write(r), lambda r=received: read(r)  # type: ignore[misc]

    return measured("a row per value", path, steps(), REPEATS, connection.close)


def observations_by_pandas(folder: Path, layout: Layout) -> Row:
    """``DataFrame.to_sql`` and ``read_sql``: what a platform script would do."""
    import pandas as pd

    path = folder / "pandas.db"
    connection = connect(path)

    def write(received: Observations) -> None:
        table = {"time": received.times.astype(np.int64), "series": received.series, "value": received.values}
        with connection:
            pd.DataFrame(table).to_sql("observation", connection, if_exists="append", index=False)

    def read(received: Observations) -> None:
        at = int(received.times[0].astype(np.int64))
        pd.read_sql("SELECT * FROM observation WHERE time = ?", connection, params=(at,))

    def steps() -> Steps:
        for i in range(10**6):
            received = large_observations(layout, START + i * STEP)
            yield lambda r=received: write(r), lambda r=received: read(r)  # type: ignore[misc]

    return measured("pandas to_sql / read_sql", path, steps(), REPEATS, connection.close)

"""The contract of ``hydria backtest --out``: its columns, its order, its times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hydria_plugin.testing import sample_layout
from hydria_plugin.verification.backtest import Backtest
from hydria_plugin.verification.backtest_table import table

HOUR = np.timedelta64(3600, "s")
FIRST = np.datetime64("2026-03-29T00:00:00", "s")


def result() -> Backtest:
    layout = sample_layout(stations=2, slots=1, past=3, horizon=3)
    values = np.sort(np.random.default_rng(0).normal(size=(4, 2, 3, 7)), axis=-1)
    values[1, 1] = np.nan
    times = FIRST + HOUR * np.arange(4)
    return Backtest("p", layout, times, values, values[..., 3], values[:, :, 0, 3], ((),) * 4, (("x", "x"),) * 4)


def test_columns_and_rows() -> None:
    frame = table(result())
    assert list(frame.columns) == ["pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit"]
    assert len(frame) == 4 * 2 * 3 * 7


def test_every_value_stands_under_its_keys() -> None:
    made = result()
    frame = table(made)
    for n, s, f, q in [(0, 0, 0, 0), (2, 1, 1, 3), (3, 0, 2, 6)]:
        row = frame[
            (frame.issued_at == f"{made.issued_at[n]}Z")
            & (frame.station == made.layout.stations[s])
            & (frame.lead == f + 1)
            & (frame["quantile"] == made.layout.quantiles[q])
        ]
        assert len(row) == 1
        assert row.value.item() == made.values[n, s, f, q]
        assert row.valid_at.item() == f"{made.issued_at[n] + HOUR * (f + 1)}Z"
        assert row.unit.item() == "m"


def test_it_survives_csv(tmp_path) -> None:  # type: ignore[no-untyped-def]
    frame = table(result())
    frame.to_csv(tmp_path / "b.csv", index=False)
    back = pd.read_csv(tmp_path / "b.csv")
    np.testing.assert_array_equal(back.value, frame.value)
    assert back.valid_at.tolist() == frame.valid_at.astype(str).tolist()
    assert back.value.isna().sum() == 3 * 7

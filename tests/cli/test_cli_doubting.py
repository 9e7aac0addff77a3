"""What commands tell of the doubt: shares over a backtest, variances of a bulletin."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from hydria_plugin.cli.doubting import doubt_facts, doubt_table, variance_facts
from hydria_plugin.testing import sample_forecast, sample_layout
from hydria_plugin.values import Floats
from hydria_plugin.verification.backtest import Backtest, stacked

LAYOUT = sample_layout()


def result(variance: Floats | None) -> Backtest:
    n, h, q = 4, LAYOUT.horizon, len(LAYOUT.quantiles)
    at = np.datetime64("2026-01-01", "s") + LAYOUT.step * np.arange(n)
    values = np.zeros((n, 3, h, q))
    return Backtest("p", LAYOUT, at, values, values[..., 0], values[:, :, 0, 0], ((),) * n, (("m",) * 3,) * n, variance)


def test_shares_are_of_the_variance_summed_over_issue_times() -> None:
    variance = np.ones((4, 3, 6, 3))
    variance[0, 0, 0] = [1.0, 97.0, 1.0]
    lines = doubt_facts(result(variance))
    assert len(lines) == 3 * 6
    assert lines[0] == {"station": "s1", "lead": 1} | {
        "model": round(4 / 108, 6), "input": round(100 / 108, 6), "residual": round(4 / 108, 6)
    }  # fmt: skip
    assert lines[1] == {"station": "s1", "lead": 2, "model": 0.333333, "input": 0.333333, "residual": 0.333333}


def test_an_issue_time_that_knows_nothing_counts_for_nothing() -> None:
    variance = np.ones((4, 3, 6, 3))
    variance[2, 1] = np.nan
    assert doubt_facts(result(variance))[6]["input"] == 0.333333


def test_a_source_that_was_never_known_is_null() -> None:
    variance = np.ones((4, 3, 6, 3))
    variance[..., 0] = np.nan
    line = doubt_facts(result(variance))[0]
    assert (line["model"], line["input"], line["residual"]) == (None, 0.5, 0.5)
    assert "-" in doubt_table({"doubt": [line]}, [1])[1]
    json.dumps(line, allow_nan=False)


def test_no_variance_no_table() -> None:
    assert doubt_facts(result(None)) == [] and doubt_table({"doubt": []}, [1]) == []
    assert doubt_table({}, [1]) == [], "a verification knows none"


def test_only_the_leads_shown() -> None:
    told = doubt_table({"doubt": doubt_facts(result(np.ones((4, 3, 6, 3))))}, [1, 6])
    assert told[0] == "shares of the doubt:"
    assert len(told[1].splitlines()) == 1 + 3 * 2 and "0.33" in told[1]


def test_a_backtest_holds_what_its_bulletins_told() -> None:
    told = np.ones((3, 6, 3))
    held = stacked([None, told, None], (3, 6))
    assert held is not None and held.shape == (3, 3, 6, 3) and held.dtype == np.float32
    assert np.isnan(held[[0, 2]]).all() and (held[1] == 1).all()
    assert stacked([None, None], (3, 6)) is None


def test_a_bulletin_s_variances_are_json() -> None:
    forecast = sample_forecast()
    assert variance_facts(forecast, 0) is None
    variance = np.full((3, 6, 3), 0.25)
    variance[1, :, 0] = np.nan
    facts = variance_facts(replace(forecast, variance=variance), 1)
    assert facts == {"model": [None] * 6, "input": [0.25] * 6, "residual": [0.25] * 6}

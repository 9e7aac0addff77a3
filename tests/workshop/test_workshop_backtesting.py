"""The backtest of a configuration: what flags call failed is no truth, for forecasts and persistence alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hydria_plugin import Flag, Forecast, Forecaster, HydriaError, Source, Wanted, Window, hookimpl
from hydria_plugin.config import Settings, read_config
from hydria_plugin.plugins import Registry, load_plugins
from hydria_plugin.workshop import run_backtest
from tests.site_files import TOML, write_site

SPIKE = 99.0
FIRST, LAST = np.datetime64("2026-01-10T00:00", "s"), np.datetime64("2026-01-11T00:00", "s")


class Flagged:
    """Every series stands at 1, but for a spike every tenth hour, which is flagged as failed."""

    def read(self, wanted: Wanted) -> pd.DataFrame:
        times = pd.date_range(str(wanted.start), str(wanted.issued_at), freq="1h", tz="UTC")
        spikes = np.asarray(times.hour % 10 == 0)
        one = pd.DataFrame(
            {
                "time": times,
                "value": np.where(spikes, SPIKE, 1.0),
                "flag": np.where(spikes, int(Flag.FAIL), int(Flag.GOOD)),
            }
        )
        return pd.concat([one.assign(series=name) for name in wanted.series], ignore_index=True)


class Plug:
    @hookimpl
    def hydria_sources(self) -> Mapping[str, Callable[..., Source]]:
        return {"flagged": Flagged}


@pytest.fixture
def site(tmp_path: Path) -> tuple[Settings, Registry]:
    told = TOML.replace('{ use = "csv", path = "feeds", time = "time_utc" }', '{ use = "flagged" }')
    told = told.replace('["ridge", "persistence"]', '["persistence"]')
    told = told.replace("[pipelines.river.forecaster.ridge]\nfolds = 4\n", "")
    registry = load_plugins([Plug()])
    return read_config(write_site(tmp_path, {"hydria.toml": told}), registry=registry), registry


def test_failed_values_are_no_truth(site: tuple[Settings, Registry]) -> None:
    result, _ = run_backtest(*(site[0], "river", site[1], FIRST, LAST))
    assert np.nanmax(result.truth) == 1.0 and np.nanmax(result.last) == 1.0
    hours = (result.issued_at[:, None] + np.timedelta64(1, "h") * np.arange(1, 7)).astype("M8[h]").astype(int) % 24
    assert (np.isnan(result.truth) == (hours % 10 == 0)[:, None, :]).all()


def test_a_span_without_a_step_is_said(site: tuple[Settings, Registry]) -> None:
    minute = np.timedelta64(60, "s")
    with pytest.raises(HydriaError, match="no step of river lies from 2026-01-10T00:01:00Z to 2026-01-10T00:02:00Z"):
        run_backtest(site[0], "river", site[1], FIRST + minute, FIRST + 2 * minute)


class Hours:
    """Rain is the number of the hour that it fell in, stamped where that hour begins."""

    def read(self, wanted: Wanted) -> pd.DataFrame:
        times = pd.date_range(str(wanted.start), str(wanted.issued_at), freq="1h", tz="UTC")
        return pd.concat([pd.DataFrame({"series": n, "time": times, "value": times.hour + 0.0}) for n in wanted.series])


class Rain:
    """A forecaster that says what rain it was told."""

    def forecast(self, window: Window) -> Forecast:
        told = window.future.values[:, 0, :, 0]
        return Forecast.of(window, np.repeat(told[..., None], len(window.quantiles), axis=2), "rain")


class Both:
    @hookimpl
    def hydria_sources(self) -> Mapping[str, Callable[..., Source]]:
        return {"hours": Hours}

    @hookimpl
    def hydria_forecasters(self) -> Mapping[str, Callable[..., Forecaster]]:
        return {"rain": Rain}


def test_a_perfect_future_knows_on_which_side_of_its_hour_rain_is_stamped(tmp_path: Path) -> None:
    told = TOML.replace('{ use = "csv", path = "feeds", time = "time_utc" }', '{ use = "hours" }\nrain_label = "start"')
    told = told.replace('["ridge", "persistence"]', '["rain"]')
    told = told.replace("[pipelines.river.forecaster.ridge]\nfolds = 4\n", "")
    registry = load_plugins([Both()])
    settings = read_config(write_site(tmp_path, {"hydria.toml": told}), registry=registry)
    result, _ = run_backtest(settings, "river", registry, FIRST, FIRST, future="perfect")
    assert result.median[0, 0].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]  # of the hours from midnight on

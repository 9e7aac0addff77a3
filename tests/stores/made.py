"""Bulletins to put: small ones with every field in use, and ways to compare what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Forecast, Observations, Reason, Report
from hydria_plugin.testing import sample_alert, sample_bulletin, sample_forecast

HOUR = np.timedelta64(3600, "s")
START = np.datetime64("2026-03-01T00:00:00", "s")


def at(hour: float) -> np.datetime64:
    """So many hours after the start, in seconds."""
    return START + np.timedelta64(int(hour * 3600), "s")


def later(hour: float) -> np.datetime64:
    """A clock reading, in microseconds."""
    return at(hour).astype("M8[us]") + np.timedelta64(123_456, "us")


def received(issued_at: np.datetime64, known_at: np.datetime64, series: tuple[str, ...]) -> Observations:
    """An observation of every series now and a late one an hour ago, and an ensemble forecast for the next hour."""
    n = len(series)
    lead = np.repeat(np.array([0, 0, 1], np.int32), n)
    times = np.concatenate([np.full(n, t, "M8[s]") for t in (issued_at, issued_at - HOUR, issued_at + HOUR)])
    values = np.linspace(-1.0, 1.0, 3 * n) + float(issued_at.astype(np.int64) % 7)
    values[0] = np.nan  # withdraws a value
    return Observations(
        series, np.tile(np.arange(n, dtype=np.int32), 3), times, values, np.full(3 * n, 1, np.uint8), lead,
        np.arange(3 * n, dtype=np.int32) % 5, np.full(3 * n, known_at, "M8[us]"),
    )  # fmt: skip


def rich_forecast(forecast: Forecast, issued_at: np.datetime64, seed: int) -> Forecast:
    """Members, variance, parts, a row without forecast, and digits that float32 would lose."""
    rng = np.random.default_rng(seed)
    s, h, q = forecast.values.shape
    values = np.sort(forecast.values + rng.normal(0, 1e-7, (s, h, q)), axis=2)
    values[-1] = np.nan
    return replace(
        forecast, issued_at=issued_at, values=values, made_by=("blend+conformal",) * (s - 1) + ("",),
        rung=np.array([0] * (s - 1) + [-1], np.int16), members=rng.normal(size=(s, 2, 3, h)),
        variance=rng.gamma(1.0, 1.0, (s, h, 3)), parts=rng.normal(size=(s, 2, h)), part_names=("ridge", "boosting"),
    )  # fmt: skip


def bulletin(hour: float = 0, revision: int = 0, seed: int = 1, pipeline: str = "p", **changes: Any) -> Bulletin:
    """One with every field in use."""
    sample = sample_bulletin(pipeline, revision, seed)
    issued_at, known_at = at(hour), later(hour)
    assert sample.window is not None
    raw = rich_forecast(sample_forecast(sample.window, seed), issued_at, seed)
    alert = replace(sample_alert(issued_at, "s1"), observed=float("nan"), below_since=issued_at)
    learned = {
        "blend": {"weights": np.random.default_rng(seed).normal(size=(3, 2)), "seen": np.array(["2026-03-01"], "M8[s]")}
    }
    made = replace(
        sample, issued_at=issued_at, known_at=known_at, raw=raw, forecast=replace(raw, values=raw.values + 0.25),
        alerts=(alert,), learned=learned, received=received(issued_at, known_at, sample.layout.all_series()),
    )  # fmt: skip
    return replace(made, **changes)


def alert(hour: float, station: str, reason: Reason = Reason.FIRST, **changes: Any) -> Alert:
    return replace(sample_alert(at(hour), station), reason=reason, **changes)


def report(station: str = "s1") -> Report:
    body = {"shares": [{"slot": "rain.1", "share": 0.45}], "Höhe": 1.5, "none": None}
    return Report("attribution", station, f"{station}-event", "Pluie de l'Hérault", body)


def assert_same(found: Any, wanted: Any, path: str = "") -> None:
    """Equal to the last bit, NaN and NaT with their like; arrays with their dtype."""
    if isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype, f"{path}: {found.dtype} instead of {wanted.dtype}"
        np.testing.assert_array_equal(found, wanted, err_msg=path, strict=True)
    elif is_dataclass(wanted) and not isinstance(wanted, type):
        assert type(found) is type(wanted), path
        for field in fields(wanted):
            assert_same(getattr(found, field.name), getattr(wanted, field.name), f"{path}.{field.name}")
    elif isinstance(wanted, Mapping):
        assert sorted(found) == sorted(wanted), path
        for name in wanted:
            assert_same(found[name], wanted[name], f"{path}[{name}]")
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted), f"{path}: {found} instead of {wanted}"
        for i, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_same(one, other, f"{path}[{i}]")
    else:
        unequal_to_itself = wanted != wanted
        assert (found != found) if unequal_to_itself else (found == wanted), f"{path}: {found!r} instead of {wanted!r}"


def kept(put: Bulletin) -> Bulletin:
    """What a store must give back."""
    return replace(put, window=None, received=None)

"""Short ways of filling say what the long ones say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin import Flag, Signal
from hydria_plugin.correctors.gaps.clues import Wetness
from hydria_plugin.correctors.gaps.rivers import scaled, unscaled
from hydria_plugin.correctors.gaps.series import known, needed

SEEDS = st.integers(0, 10_000)


@given(SEEDS)
def test_what_is_known_and_what_is_needed_by_value_flag_and_sigma(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.choice([1.0, 2.0, np.nan, np.inf, -np.inf], (4, 6), p=[0.4, 0.4, 0.1, 0.05, 0.05])
    sigma = rng.choice([0.0, 0.5, np.nan], values.shape, p=rng.choice([[1.0, 0, 0], [0.7, 0.2, 0.1]]))
    flags = rng.choice([Flag.GOOD, Flag.SUSPECT, Flag.FAIL], values.shape, p=rng.choice([[1.0, 0, 0], [0.5, 0.2, 0.3]]))
    signal = Signal(values, sigma, flags.astype(np.uint8), np.zeros(values.shape, np.uint16), values)
    for cell in np.ndindex(*values.shape):
        v, s, f = values[cell], sigma[cell], flags[cell]
        measured = np.isfinite(v) and f != Flag.FAIL and s == 0
        np.testing.assert_equal(known(signal)[cell], v if measured else np.nan)
        assert needed(signal)[cell] == (not np.isfinite(v) or (f == Flag.FAIL and s == 0))


@given(SEEDS, st.sampled_from([[1.0], [0.4, 1.0], [0.4]]))
def test_powers_and_none(seed: int, powers: list[float]) -> None:
    rng = np.random.default_rng(seed)
    values, power = rng.normal(size=(5, 4)), rng.choice(powers, 5)[:, None]
    expected = [[np.sign(v) * abs(v) ** p for v in row] for row, p in zip(values, power[:, 0], strict=True)]
    np.testing.assert_allclose(scaled(values, power), expected)
    np.testing.assert_allclose(unscaled(scaled(values, power), power), values)


@given(SEEDS, st.sampled_from([1, 7]))
def test_wetness_is_that_of_the_cells_station_and_step(seed: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    totals = rng.gamma(2.0, 10.0, (3, steps, 4, 2))
    totals[rng.random(totals.shape) < 0.4] = np.nan
    rain, home, usual = rng.random((3, 4)) < 0.7, rng.integers(0, 3, 6), rng.normal(size=(6, 2))
    b, p = rng.integers(0, 6, 20), rng.integers(0, 7, 20)
    found = Wetness(totals, rain, home, usual).at(b, p)
    for c, a in np.ndindex(*found.shape):
        here = totals[home[b[c]], min(p[c], steps - 1), rain[home[b[c]]], a]
        there = here[np.isfinite(here)]
        assert np.isclose(found[c, a], np.log1p(there.mean()) if len(there) else usual[b[c], a])

"""False alarms and delays of the drift test on a made river: ``python -m benchmarks.uncertainty.drift``."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from hydria_plugin import Verified
from hydria_plugin.values import Floats
from hydria_plugin.verification.drift import LIMIT, Drift

HOUR = np.timedelta64(3600, "s")
BEGIN = np.datetime64("2020-01-01T00:00:00", "s")
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL = np.array([NormalDist().inv_cdf(q) for q in LEVELS])
HORIZON = 6
DAY = 24


def river(rng: np.random.Generator, steps: int, stations: int) -> Floats:
    """(T, S) flows with floods, in a season that has three times as many storms as the other."""
    x, rain, path = np.zeros(stations), np.zeros(stations), np.empty((steps, stations))
    for t in range(steps):
        often = 0.004 * (1 + 0.5 * np.sin(2 * np.pi * t / 8766))
        rain = rain * 0.8 + (rng.random(stations) < often) * rng.gamma(1, 3, stations)
        x = x * 0.985 + rain * 0.1 + rng.normal(size=stations) * 0.01
        path[t] = np.exp(x)
    return path


def met(
    seed: int, days: int, stations: int, shift: int = 0, factor: float = 2.5, memory: float = 0.9, wider: bool = False
) -> Iterator[Verified]:
    """What is verified hour by hour; from day ``shift`` on errors are ``factor`` times as large, the band with them if
    ``wider``. Errors hang together and grow with lead and movement."""
    rng, names = np.random.default_rng(seed), tuple(f"s{i}" for i in range(stations))
    path = river(rng, days * DAY + HORIZON, stations)
    error = np.zeros((stations, HORIZON))
    growing = np.sqrt(np.arange(1, HORIZON + 1))
    for t in range(HORIZON, len(path)):
        truth, base = path[t], path[t - HORIZON : t][::-1].T  # (S), (S, H)
        moved = np.abs(truth[:, None] - base).mean(axis=1)
        spread = (0.03 * truth + 0.2 * moved + 0.02)[:, None] * growing / growing.mean()
        error = memory * error + np.sqrt(1 - memory**2) * rng.normal(size=error.shape)
        times = factor if shift and t >= shift * DAY else 1.0
        band = (spread * (times if wider else 1.0))[..., None] * NORMAL
        forecast = truth[:, None, None] + (error * times * spread)[..., None] + band
        yield Verified(BEGIN + t * HOUR, names, LEVELS, forecast, truth, np.zeros(stations, np.uint8), base=base)


def watched(told: Iterator[Verified]) -> tuple[Floats, dict[str, np.ndarray]]:
    """(S) the first hour with an alarm, -1 = none, and the last state."""
    school, state, first = Drift(HOUR, HORIZON), {}, np.empty(0)
    for hour, verified in enumerate(told, start=HORIZON):
        state = dict(school.learn(verified, state))
        first = first if first.size else np.full(len(verified.truth), -1)
        first[state["drifted"].any(axis=1) & (first < 0)] = hour
    return first, state


def main() -> None:
    for memory in (0.0, 0.5, 0.9, 0.95):
        first, state = watched(met(1, 730, 300, memory=memory))
        allowed = 2 * state["blocks"].mean() / LIMIT
        print(f"two years, error memory {memory}: {(first >= 0).mean():.1%} of 300 alarmed, allowed {allowed:.1%}")
    for shift in (60, 200):
        for wider in (False, True):
            first, _ = watched(met(2, shift + 60, 200, shift=shift, wider=wider))
            found = first >= shift * DAY
            delays = np.percentile(first[found] - shift * DAY, [10, 50, 90]).round().tolist()
            early = ((first >= 0) & ~found).mean()
            told = f"{found.mean():.1%} found within 60 days, after {delays} h (10, 50, 90 %); {early:.1%} before it"
            print(f"errors 2.5 times larger from day {shift}, bands {'too' if wider else 'not'}: {told}")


if __name__ == "__main__":
    main()

"""Gaps for training: real outages are long and take the newest values with them, so gaps come in streaks. A network
that has seen them degrades by degrees (Gauch et al., 2025, HESS 29, 6221; Nearing et al., 2022, HESS 26, 5493)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin.values import Bools, Floats

from .sequences import Sequences

SLOT_OUT = 0.06  # share of cases in which an input has a streak of gaps
RAIN_OUT = 0.03  # and of those in which all rain gauges have, at once
TARGET_OUT = 0.15
LAST_OUT = 0.1  # share of cases whose newest values of the target are missing


def with_gaps(s: Sequences, kinds: tuple[str, ...], max_age: int, rng: np.random.Generator) -> Sequences:
    """The cases with further gaps in inputs and target; a value of the target always stays that a forecast can start
    from."""
    n, t, v = s.inputs.shape
    out = np.zeros((n, t, v), dtype=bool)
    for slot in range(v):
        out[:, :, slot] = streaks(n, t, SLOT_OUT, rng)
    rain = [k for k, kind in enumerate(kinds) if kind == "rain"]
    inputs = np.where(out, np.nan, s.inputs)
    if rain:
        inputs[:, :, rain] = neighbours(inputs[:, :, rain], s.inputs[:, :, rain])
        inputs[:, :, rain] = np.where(streaks(n, t, RAIN_OUT, rng)[:, :, None], np.nan, inputs[:, :, rain])
    silent = streaks(n, t, TARGET_OUT, rng) | lately(n, t, max_age, rng)
    target = np.where(silent, np.nan, s.target)
    startable: Bools = np.asarray(np.isfinite(target[:, -max_age - 1 :]).any(axis=1))
    return replace(s, inputs=inputs, target=np.where(startable[:, None], target, s.target))


def neighbours(left: Floats, all_gauges: Floats) -> Floats:
    """(N, T, Z) a silent gauge reports the mean of the others, as in forecasts. Where all fell silent at once: as they
    were."""
    known = np.isfinite(left)
    count = known.sum(axis=2, keepdims=True)
    mean = np.where(known, left, 0.0).sum(axis=2, keepdims=True) / np.maximum(count, 1)
    return np.where(count > 0, np.where(known, left, mean), all_gauges)


def streaks(n: int, t: int, share: float, rng: np.random.Generator) -> Bools:
    """(N, T) True within one streak in a ``share`` of the rows: anywhere, of any length up to half, or to the end."""
    first = rng.integers(0, t, size=n)
    length = rng.integers(1, max(2, t // 2 + 1), size=n)
    last = np.where(rng.random(n) < 0.4, t, first + length)
    place = np.arange(t)
    return np.asarray((rng.random(n) < share)[:, None] & (place >= first[:, None]) & (place < last[:, None]))


def lately(n: int, t: int, max_age: int, rng: np.random.Generator) -> Bools:
    """(N, T) True for the newest few steps in a share of the rows: the gauge has fallen silent."""
    age = rng.integers(1, max_age + 1, size=n) if max_age else np.zeros(n, dtype=np.int64)
    return np.asarray((rng.random(n) < LAST_OUT)[:, None] & (np.arange(t) >= t - age[:, None]))

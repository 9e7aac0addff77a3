"""Which truth met which forecasts: what a window shows of the past, and a digest of each step of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hydria_plugin.roles import Store
from hydria_plugin.values import Bools, Flag, Floats, Ints, Window

NO_BULLETIN = -1
Judged = Callable[[np.datetime64, int], Bools]  # issue time, revision -> (S) what was then newest was believed


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """The valid times K that a window shows, oldest first: truth, and which bulletin forecast it at each lead."""

    valid: np.ndarray  # (K) datetime64[s]
    truth: Floats  # (S, K)
    flags: np.ndarray  # (S, K)
    revisions: Ints  # (K, H) newest revision of the bulletin issued H steps before, NO_BULLETIN = none
    digests: np.ndarray  # (K) uint64

    @classmethod
    def of(cls, window: Window, store: Store, pipeline: str, judged: Judged, believed: Bools | None = None) -> Met:
        """``believed`` (S): what input correctors make of the newest value; what they made of each one before, when it
        was the newest, is asked of ``judged``. Suspected truth is none."""
        p, h, step = window.layout.past, window.layout.horizon, window.step
        valid = (window.issued_at - step * np.arange(p - 1, -1, -1)).astype("datetime64[s]")
        observed, flags = window.observed.values[:, 0], np.asarray(window.observed.flags[:, 0])
        truth = np.where(flags == Flag.FAIL, np.nan, observed).astype(np.float64)
        newest = np.full(p + h - 1, NO_BULLETIN)  # by issue time, from valid[0] - h to valid[-1] - 1
        first = valid[0] - h * step
        if issues := store.issues(pipeline, first, valid[-1] - step):
            newest[(np.array([at for at, _ in issues]) - first) // step] = [revision for _, revision in issues]
        truth[:, -1] = truth[:, -1] if believed is None else np.where(believed, truth[:, -1], np.nan)
        if len(told := np.flatnonzero(newest[h : h + p - 1] != NO_BULLETIN)):
            good = [judged(at, revision) for at, revision in zip(valid[told], newest[h + told].tolist(), strict=True)]
            truth[:, told] = np.where(np.stack(good, axis=1), truth[:, told], np.nan)
        revisions = newest[np.arange(p)[:, None] + np.arange(h - 1, -1, -1)]
        return cls(valid, truth, flags, revisions, digests_of(truth, flags, revisions))


def digests_of(truth: Floats, flags: np.ndarray, revisions: Ints) -> np.ndarray:
    """(K) one number per valid time that changes with its truth, its flags or its forecasts: sums modulo 2^64 of the
    bits, each times an odd number of its own. All NaN count as one."""
    bits = np.where(np.isnan(truth), np.uint64(1), np.ascontiguousarray(truth).view(np.uint64))
    values = (bits * odd(len(truth), 1)[:, None]).sum(axis=0, dtype=np.uint64)
    marks = (flags.astype(np.uint64) * odd(len(truth), 2)[:, None]).sum(axis=0, dtype=np.uint64)
    issues = ((revisions + 2).astype(np.uint64) * odd(revisions.shape[1], 3)).sum(axis=1, dtype=np.uint64)
    return np.asarray(values + marks + issues)


def odd(count: int, salt: int) -> np.ndarray:
    """``count`` odd 64-bit numbers, always the same (splitmix64, Steele, Lea and Flood 2014)."""
    z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(salt << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((z ^ (z >> np.uint64(31))) | np.uint64(1))

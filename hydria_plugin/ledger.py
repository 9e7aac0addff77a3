"""Which steps are due: pure functions of the clock and of what the store's ledger holds.

A step is named by its issue time, a multiple of ``step`` since 1970-01-01T00:00Z. It is due once ``delay`` has passed
after it, and it stays due until the ledger shows an end for it: a step that was ``running`` when the process died has
none, and is made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .roles import Step

RUNNING = "running"
ENDS = ("issued", "degraded", "failed", "skipped")  # every step comes to exactly one of these


def newest_due(known_at: np.datetime64, step: np.timedelta64, delay: np.timedelta64) -> np.datetime64:
    """The newest issue time whose ``delay`` has passed at ``known_at``, as datetime64[s].

    Raises ValueError when a time is NaT, ``step`` is not a whole positive number of seconds or ``delay`` is negative.
    """
    width = _seconds(step)
    if np.isnat(known_at) or np.isnat(delay) or delay < np.timedelta64(0, "s"):
        raise ValueError(f"known_at {known_at} must be a time and delay {delay} must not be negative")
    seconds = int((known_at.astype("M8[us]") - delay.astype("m8[us]")).astype(np.int64)) // 1_000_000
    return np.datetime64(seconds // width * width, "s")


def is_stale(issued_at: np.datetime64, known_at: np.datetime64, step: np.timedelta64, delay: np.timedelta64) -> bool:
    """True when a newer step is due already: what is issued now for ``issued_at`` must raise no alert."""
    return bool(newest_due(known_at, step, delay) > issued_at)


def due(
    steps: Sequence[Step],
    first: np.datetime64,
    newest: np.datetime64,
    limit: int | None,
    step: np.timedelta64,
) -> tuple[np.datetime64, ...]:
    """The issue times in [first, newest] without an end in ``steps`` (the ledger's lines of one pipeline), newest
    first, at most ``limit`` of them (None: all). Off-grid bounds are moved inwards."""
    ended = {line.issued_at.astype("M8[s]").astype(np.int64).item() for line in steps if line.state in ENDS}
    wanted = (t for t in _downwards(first, newest, _seconds(step)) if t not in ended)
    taken = (t for t, _ in zip(wanted, range(limit), strict=False)) if limit is not None else wanted
    return tuple(np.datetime64(t, "s") for t in taken)


def _downwards(first: np.datetime64, newest: np.datetime64, width: int) -> Iterator[int]:
    """Multiples of ``width`` seconds in [first, newest], the last one first."""
    low = int(first.astype("M8[us]").astype(np.int64))
    high = int(newest.astype("M8[us]").astype(np.int64)) // 1_000_000 // width * width
    return iter(range(high, -(-low // 1_000_000) - 1, -width))


def _seconds(step: np.timedelta64) -> int:
    """The step's length, checked: NaT, zero, negative or fractions of a second have no grid."""
    if np.isnat(step) or step <= np.timedelta64(0, "s") or step % np.timedelta64(1, "s"):
        raise ValueError(f"step {step} must be a whole positive number of seconds")
    return int(step.astype("m8[s]").astype(np.int64))

"""How fast a zone answers: its distribution of lags, and the times read from it."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .readings import Response

OVER = 0.02  # of the peak: a response that has fallen to it is over
SLOWEST = 0.75  # a tail is taken to fade to this share at least from one quarter of the window to the next


def lag_shares(effect: Floats) -> Floats:
    """(Z, L) each zone's distribution of lags, sum 1, from signed effects (Z, L); 0 where a zone has no say.

    Of the effects only the run about the peak counts, as long as it stays above ``OVER`` of the peak: far lags, of
    which the record says nothing but noise, would draw the centroid to the middle of the window.
    """
    shares = np.zeros_like(effect)
    for zone, row in zip(shares, effect, strict=True):
        peak = int(row.argmax())
        if row[peak] > 0:
            first, last = run_about(row > OVER * row[peak], peak)
            zone[first:last] = row[first:last] / row[first:last].sum()
    return shares


def run_about(there: np.ndarray, at: int) -> tuple[int, int]:
    """The first and one after the last index of the unbroken run of True in (L) that holds ``at``."""
    gone = np.flatnonzero(~there)
    before, after = gone[gone < at], gone[gone > at]
    return (int(before[-1]) + 1 if len(before) else 0), (int(after[0]) if len(after) else len(there))


def responses(shares: Floats) -> list[Response | None]:
    """Of (Z, L), in steps; None for a zone without a say."""
    return [response(row) if row.any() else None for row in shares]


def response(shares: Floats) -> Response:
    """Mode, centroid, and the lags by which 10 and 90 % of (L) have passed, between steps on a straight line."""
    centroid = float(np.arange(len(shares)) @ shares / shares.sum())
    return Response(float(shares.argmax()), centroid, passed_by(shares, 0.1), passed_by(shares, 0.9))


def beyond(effect: Floats) -> float:
    """What share of a zone's response the window cuts off, from its signed effects (L): if what it says in the last
    quarter goes on to fade as it did from the quarter before."""
    quarter = max(1, len(effect) // 4)
    whole, last = float(effect.sum()), float(effect[-quarter:].sum())
    before = float(effect[-2 * quarter : -quarter].sum())
    if whole <= 0 or last <= 0:
        return 0.0
    fades = min(last / before, SLOWEST) if before > 0 else SLOWEST
    rest = last * fades / (1 - fades)
    return rest / (whole + rest)


def passed_by(shares: Floats, p: float) -> float:
    """The lag by which a share ``p`` of (L) has passed, between steps on a straight line; not below 0."""
    passed = np.concatenate([[0.0], np.cumsum(shares)])
    return max(float(np.interp(p, passed, np.arange(-1.0, len(shares)))), 0.0)


def lopsided(shares: Floats) -> float:
    """How much longer the late half of (L) drags on than the early half takes: (p90 - p50) / (p50 - p10). 1 where both
    are alike, 1.6 for a cascade of four reservoirs, 2.7 for a single one; more: a fast path and a slow one."""
    p10, p50, p90 = (passed_by(shares, p) for p in (0.1, 0.5, 0.9))
    return (p90 - p50) / max(p50 - p10, 0.5)

"""How fast a zone answers: its distribution of lags, and the times read from it."""

from __future__ import annotations

import numpy as np

from hydria_plugin.values import Floats

from .readings import Response

OVER = 0.02  # of the peak: a response that has fallen to it is over


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
    lags, passed = np.arange(len(shares)), np.cumsum(shares)
    p10, p90 = (float(np.interp(p, np.concatenate([[0.0], passed]), np.arange(-1.0, len(shares)))) for p in (0.1, 0.9))
    return Response(float(shares.argmax()), float(lags @ shares / shares.sum()), max(p10, 0.0), max(p90, 0.0))

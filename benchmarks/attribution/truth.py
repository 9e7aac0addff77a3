"""What every hour of rain on every zone of a fictitious basin adds to its discharge: known by construction.

The block-linear law is homogeneous, Q = c (sum of routed rain)^power, so that the integral of its gradient from no rain
shares Q out in proportion to what is routed: an hour's part at time t is Q(t) times its routed rain over all of it.
"""

from __future__ import annotations

import numpy as np

from hydria_plugin.learning.fictitious_basin import Record
from hydria_plugin.values import Floats, Ints


def parts(record: Record, at: Ints, first: int, last: int) -> Floats:
    """(N, last - first, Z) m3/s at the steps ``at`` (N) that the rain of the steps ``at + first`` to ``at + last - 1``
    makes: none after ``at``, all of it with a window that is long enough."""
    responses = record.basin.responses(record.step_hours) * record.basin.shares  # (L, Z)
    fell = at[:, None] + np.arange(first, last)  # (N, W)
    lag = np.broadcast_to(-np.arange(first, last), fell.shape)
    reaches = (lag >= 0) & (lag < len(responses)) & (fell >= 0)
    weight = np.where(reaches[..., None], responses[np.clip(lag, 0, len(responses) - 1)], 0.0)
    routed = weight * record.rain[np.clip(fell, 0, len(record.rain) - 1)] / record.step_hours
    all_of_it = record.routed[at].sum(axis=1)
    worth = np.divide(record.discharge[at], all_of_it, out=np.zeros(len(at)), where=all_of_it > 0)
    return np.asarray(routed * worth[:, None, None])


def change_parts(record: Record, at: Ints, lead: int, past: int, horizon: int) -> Floats:
    """(N, P + H, Z) of the change of discharge from ``at`` to ``at + lead``."""
    then = parts(record, at + lead, 1 - past - lead, horizon + 1 - lead)
    return then - parts(record, at, 1 - past, horizon + 1)


def rank_correlation(a: Floats, b: Floats) -> float:
    """Spearman's, of two arrays of one shape; ties share their mean rank."""
    return float(np.corrcoef(ranks(a.ravel()), ranks(b.ravel()))[0, 1])


def ranks(values: Floats) -> Floats:
    """(N) mean ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[place])


def shares(amounts: Floats) -> Floats:
    """(N, Z) of (N, Z), as shares of the sum of what is not negative; rows without any are equal shares."""
    whole = np.maximum(amounts, 0.0)
    total = whole.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, whole / np.where(total > 0, total, 1.0), 1.0 / amounts.shape[1]))

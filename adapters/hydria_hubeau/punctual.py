"""Values stamped ahead of their time: a gauge's clock is fast."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .calls import AHEAD
from .readings import NEVER, Readings

KEPT = np.timedelta64(2, "D")


@dataclass(slots=True)
class Early:
    """Rows that were there before the time they claim. When their time has come they are given with the moment they
    were first seen, and the house can tell that they are older than they say."""

    seen: dict[tuple[str, int], np.datetime64] = field(default_factory=dict)

    def received(self, found: Readings, now: np.datetime64) -> NDArray[np.datetime64] | None:
        """(N) when each row was first seen, NaT for what came in its time; None when all did."""
        observed = np.isnat(found.issued_at)
        for i in np.flatnonzero(observed & (found.time > now + AHEAD)):
            self.seen.setdefault((found.series[i], int(found.time[i].astype(int))), now)
        limit = int((now - KEPT).astype("datetime64[us]").astype(int))
        self.seen = {key: at for key, at in self.seen.items() if key[1] > limit}
        if not self.seen:
            return None
        stamps = found.time.astype(int).tolist()
        pairs = zip(found.series.tolist(), stamps, strict=True)
        out = np.asarray([self.seen.get(pair, NEVER) for pair in pairs], dtype="datetime64[us]")
        return np.where(observed, out, NEVER)

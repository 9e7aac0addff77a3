"""What files hold, as compact columns, and whose rows they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .times import NEVER, Times

MOST = 1e15  # beyond it a value is no measurement


class Stream(NamedTuple):
    """What rows belong together. ``basis``: minutes of a rain total, altimetric system of a level; 0 = not said."""

    code: str
    quantity: str  # H, Q, RR, TA ...
    basis: int = 0
    model: str = ""  # of a forecast; "" = observed
    source: str = "xml"  # or csv


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N rows. ``stream`` points into the reader's list of streams."""

    stream: NDArray[np.int32]
    time: Times  # [us], UTC
    value: NDArray[np.float64]  # in the host's unit; NaN = a gap that the host tells
    flag: NDArray[np.uint8]
    received: Times  # [us]; NaT = not said
    issued: Times  # [us]; NaT = observed

    def __len__(self) -> int:
        return len(self.stream)

    def where(self, mask: NDArray[Any]) -> Self:
        return type(self)(*(getattr(self, f.name)[mask] for f in fields(self)))


EMPTY = Rows(
    np.empty(0, np.int32),
    np.empty(0, "datetime64[us]"),
    np.empty(0),
    np.empty(0, np.uint8),
    np.empty(0, "datetime64[us]"),
    np.empty(0, "datetime64[us]"),
)


def joined(parts: Sequence[Rows]) -> Rows:
    """All rows, in order."""
    if len(parts) < 2:
        return parts[0] if parts else EMPTY
    return Rows(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)))


def filled_rows(
    stream: int, time: Times, value: NDArray[np.float64], flag: Any, received: Any, issued: Any = NEVER
) -> Rows:
    """Rows of one stream; scalars are spread."""
    n = len(time)

    def spread(given: Any) -> Times:
        return np.broadcast_to(np.asarray(given, "datetime64[us]"), (n,)).copy()

    return Rows(np.full(n, stream, np.int32), time, value, np.asarray(flag, np.uint8), spread(received), spread(issued))

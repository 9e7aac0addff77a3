"""A backtest as the long table that ``hydria backtest --out`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..steps import iso
from ..values import Ints
from .backtest import Backtest

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit")


def table(result: Backtest) -> pd.DataFrame:
    """N * S * H * Q rows of COLUMNS, issue by issue; times ISO 8601 with Z; no forecast = empty value."""
    import pandas as pd

    n, s, h, q = result.values.shape
    step, levels = result.layout.step, result.layout.quantiles
    issue, station, lead, level = (axis.ravel() for axis in np.indices((n, s, h, q), dtype=np.int32))
    stamps = np.unique(np.concatenate([result.issued_at, *(result.issued_at + step * f for f in range(1, h + 1))]))
    words = pd.Index([iso(t) for t in stamps], dtype=object)
    issued = np.asarray(np.searchsorted(stamps, result.issued_at), dtype=np.int32)
    valid = np.asarray(np.searchsorted(stamps, result.issued_at[:, None] + step * np.arange(1, h + 1)), dtype=np.int32)

    def category(codes: Ints, names: list[str]) -> pd.Categorical:
        distinct = list(dict.fromkeys(names))
        place = np.array([distinct.index(name) for name in names], dtype=np.int32)
        return pd.Categorical.from_codes(place[codes], categories=pd.Index(distinct, dtype=object))

    return pd.DataFrame(
        {
            "pipeline": category(np.zeros(n * s * h * q, np.int32), [result.pipeline]),
            "station": category(station, list(result.layout.stations)),
            "issued_at": pd.Categorical.from_codes(issued[issue], categories=words),
            "valid_at": pd.Categorical.from_codes(valid[issue, lead], categories=words),
            "lead": lead + 1,
            "quantile": np.asarray(levels)[level],
            "value": result.values.astype(float).ravel(),
            "unit": category(station, list(result.layout.units)),
        },
        columns=list(COLUMNS),
    )

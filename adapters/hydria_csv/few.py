"""Short stretches without pandas, whose calls cost more than the work: a folder with a file per step has thousands.

Only plain cases are read here; for all others the functions give None, and pandas decides what the cells mean.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .form import Form
from .headers import Header
from .lines import Lines

SHORT = 1 << 13  # bytes
FEW = 64  # times
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")


def few_lines(
    lines: Lines, header: Header, texts: Sequence[int], numbers: Sequence[int], form: Form
) -> tuple[dict[int, NDArray[Any]], NDArray[np.float64]] | None:
    """The columns at ``texts`` and, as floats, at ``numbers``."""
    body = lines.body
    if len(body) > SHORT or not body.isascii() or (header.separator != "," and b"," in body):
        return None
    rows = list(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=header.separator))
    no_value = set(form.no_value_words)
    try:
        values = [[np.nan if row[i] in no_value else _number(row[i]) for i in numbers] for row in rows]
    except ValueError:  # some cell is no number
        return None
    return {i: np.array([row[i] for row in rows], dtype=object) for i in texts}, np.array(values, float)


def _number(cell: str) -> float:
    """Raises ValueError for what is none; Python would also take 1_000."""
    return float(cell if "_" not in cell else "none")


def few_times(texts: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | None:
    """Microseconds since 1970, as if UTC where there is no offset; and where there is none."""
    if len(texts) > FEW or not all(map(_PLAIN.fullmatch, texts)):
        return None
    try:
        times = [datetime.fromisoformat(text) for text in texts]
    except ValueError:  # the 30th of February, 24:00, a leap second
        return None
    naive = np.array([t.tzinfo is None for t in times], bool)
    aware = [t.replace(tzinfo=UTC) if t.tzinfo is None else t for t in times]
    return np.array([(t - EPOCH) // timedelta(microseconds=1) for t in aware], np.int64), naive

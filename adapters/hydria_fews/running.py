"""The run that is in progress, in the process of ``hydria-fews``: its source reads what FEWS exported, whatever folder
the configuration names for training, and the executable writes what FEWS imports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Export:
    """What FEWS exported for one run. ``zone``: hours ahead of UTC, for files that do not say so themselves."""

    files: tuple[Path, ...]
    time0: np.datetime64
    zone: float = 0.0


_EXPORT: ContextVar[Export | None] = ContextVar("hydria_fews_export", default=None)


def export_in_progress() -> Export | None:
    return _EXPORT.get()


@contextmanager
def exported(export: Export) -> Iterator[None]:
    """What is built within reads this."""
    token = _EXPORT.set(export)
    try:
        yield
    finally:
        _EXPORT.reset(token)

"""What a trainable forecaster may be able to do beyond being fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from hydria_plugin import History, Split

from .workbench import Workbench

Progress = Callable[[str, float], None]


@runtime_checkable
class Resumable(Protocol):
    """Keeps finished pieces, so that a killed training goes on where it was."""

    def fit_on(self, bench: Workbench, history: History, split: Split, progress: Progress = ...) -> Any: ...


@runtime_checkable
class Judged(Protocol):
    """Need not be fitted whole to be judged: what no forecast depends on is left out of what this gives."""

    def to_be_judged(self) -> Any: ...

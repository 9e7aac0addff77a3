"""A factory that is imported when it is asked for: what a plug-in offers should cost nothing at start."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


class Later:
    """Stands for ``name`` in ``module`` (absolute), and is called like it. Raises ImportError and AttributeError when
    it is asked for and not there."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def found(self) -> Callable[..., Any]:
        factory: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return factory

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.found()(*args, **options)

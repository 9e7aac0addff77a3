"""A factory that is imported when it is asked for: what a plug-in offers should cost nothing at start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any


class Later:
    """Stands for ``name`` in ``module`` (absolute), and is called like it. Raises ImportError and AttributeError when
    it is asked for and not there.

    ``needs`` are packages that may be missing, and ``extra`` is what pip installs them by, such as
    "hydria-plugin[fews]": an admin who names the plug-in without them is told so.
    """

    def __init__(self, module: str, name: str, needs: Sequence[str] = (), extra: str = "") -> None:
        self.module, self.name = module, name
        self._needs, self._extra = tuple(needs), extra

    def lacking(self) -> str:
        """What is not installed and what installs it, in half a sentence; nothing is imported. Empty: all is there."""
        missing = [package for package in self._needs if find_spec(package) is None]
        if not missing:
            return ""
        return f"needs {' and '.join(missing)}, not installed here: pip install '{self._extra}'"

    def found(self) -> Callable[..., Any]:
        factory: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return factory

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.found()(*args, **options)

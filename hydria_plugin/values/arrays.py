"""Array types, and the checks that every value makes at its birth."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]
Strings = NDArray[np.str_]
Times = NDArray[np.datetime64]


def read_only(array: Any) -> Any:
    """A view of ``array`` that cannot be written through; the caller's own array stays as it was."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def freeze(value: Any) -> None:
    """Make every array field of a frozen dataclass a read-only view."""
    for name in field_names(value.__class__):
        held = getattr(value, name)
        if isinstance(held, np.ndarray) and (held.flags.writeable or type(held) is not np.ndarray):
            object.__setattr__(value, name, read_only(held))


@cache
def field_names(value: type) -> tuple[str, ...]:
    """Of a dataclass, in order."""
    return tuple(f.name for f in fields(value))


def expect(name: str, array: NDArray[Any], shape: tuple[int, ...], axes: str) -> None:
    """Raise ValueError unless ``array`` has ``shape``; -1 allows any length on an axis."""
    if array.ndim != len(shape) or any(want not in (-1, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} must have axes {axes} = {shape}, not {array.shape}")

"""Looking into an XML tree by local names, whatever the namespace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .collecting import plain

if TYPE_CHECKING:
    from lxml.etree import _Element


def local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def children(element: _Element, *names: str) -> Iterator[_Element]:
    """The direct children with one of these names."""
    return (child for child in element if local(child) in names)


def below(element: _Element, *names: str) -> Iterator[_Element]:
    """Elements with one of these names, at any depth."""
    return element.iter(*(f"{{*}}{name}" for name in names))


def text(element: _Element | None, *names: str) -> str:
    """Of the first direct child with one of these names; "" where there is none."""
    found = None if element is None else next(children(element, *names), None)
    return (found.text or "").strip() if found is not None else ""


def value(element: _Element | None, *names: str) -> float:
    """A number; NaN for none."""
    number = plain(text(element, *names))
    return number if math.isfinite(number) else math.nan

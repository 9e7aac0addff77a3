"""PI model parameters (``pi_modelparameters.xsd``): a forecaster of FEWS may change them before a run."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from hydria_plugin import FeedError

from .documents import children, local, pi_document, time_of
from .run_info import Value, typed

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOTS = ("ModelParameters", "parameters")
KINDS = {"stringValue": "string", "boolValue": "bool", "intValue": "int", "dblValue": "double", "doubleValue": "double"}


def read_parameters(path: Path) -> dict[str, Value]:
    """Values by id; of the same id in several groups the later counts. Raises FeedError where the file cannot be read,
    or holds a value that is none."""
    return parameters_of(pi_document(path, *ROOTS), str(path))


def parameters_of(document: _Element, place: str) -> dict[str, Value]:
    """The same, of a document."""
    found: dict[str, Value] = {}
    for group in children(document, "group"):
        for parameter in children(group, "parameter"):
            name = str(parameter.get("id") or "")
            try:
                value = value_of(parameter)
            except ValueError as error:
                raise FeedError(f"{place}: parameter {name!r}: {error}") from error
            if name and value is not None:
                found[name] = value
    return found


def value_of(parameter: _Element) -> Value | None:
    """The value of a parameter; None for a table, or a kind that is not known."""
    for element in parameter:
        if local(element) in KINDS:
            return typed(KINDS[local(element)], (element.text or "").strip())
        if local(element) == "dateTimeValue":
            return time_of(element, UTC)
    return None

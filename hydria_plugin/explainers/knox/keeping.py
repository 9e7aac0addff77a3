"""The reading of a model lies with it on the shelf, as ``knox.json``: made once, when the model was trained.

So a reading is there without the model being loaded, also where the model lives in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hydria_plugin import ModelError
from hydria_plugin.learning.shelf import Shelf

from .document import document, readings_in
from .readings import Reading

FILE = "knox.json"


def keep_readings(folder: Path, pipeline: str, forecaster: str, readings: Mapping[str, Reading]) -> None:
    """Write ``knox.json`` into the folder of a model; nothing where there are no readings. The version is not known
    yet while a model is kept: it is the name of the folder. Raises ModelError for a reading with a NaN."""
    if readings:
        held = document(pipeline, forecaster, "", readings)
        text = json.dumps(held, ensure_ascii=False, allow_nan=False, indent=1)
        (folder / FILE).write_text(text, encoding="utf-8")


def kept_readings(folder: Path) -> dict[str, Reading]:
    """By station; empty where the model has none. Raises ModelError when the file is damaged."""
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        return readings_in(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ModelError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}") from cause


def reigning_readings(shelf: Shelf, name: str) -> tuple[str, dict[str, Reading]]:
    """The version of ``name`` that reigns ("" for none) and its readings. Raises ModelError when it is damaged."""
    version = shelf.active(name)
    return (version, kept_readings(shelf.folder(name, version))) if version is not None else ("", {})


def twins_in(forecaster: Any) -> dict[str, Any]:
    """Station -> the network made for being read: of ``forecaster`` itself or, in a blend, of the first member that
    has one for that station."""
    found: dict[str, Any] = {}
    for part in parts_of(forecaster):
        twins = getattr(part, "twins", None)
        if isinstance(twins, Mapping):
            found = {**twins, **found}
    return found


def is_readable(forecaster: Any) -> bool:
    """Whether it, or a member of it, fits networks that are made for being read."""
    parts = parts_of(forecaster)
    return any(hasattr(type(part), "twins") and bool(getattr(part.options, "twin", True)) for part in parts)


def parts_of(forecaster: Any) -> Iterator[Any]:
    """Itself, then the members of a blend and theirs: the trained ones where there are."""
    yield forecaster
    held = getattr(forecaster, "trained", None) or forecaster
    members = getattr(held, "members", None)
    if isinstance(members, Mapping):
        for member in members.values():
            yield from parts_of(member)

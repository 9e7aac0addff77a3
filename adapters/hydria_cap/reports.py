"""Explanations, tied to their event: files beside the messages, carried by the event's next message.

An explanation alone makes no message: an Update makes phones ring again, and nothing has changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from hydria_plugin import Report
from hydria_plugin.exchange import file_name, jsonable, put_file

from .message import Resource

TYPES = {".svg": "image/svg+xml", ".json": "application/json"}
MOST_WITHIN = 200_000  # bytes of a document that a message holds itself


def keep_reports(path: Path, reports: Sequence[Report]) -> None:
    """The newest of each kind and event: ``<path>/reports/<event>/<kind>.json``, and ``.svg`` of its picture."""
    for report in reports:
        place = path / "reports" / file_name(report.event or report.station)
        picture = report.body.get("svg")
        if isinstance(picture, str) and picture.lstrip().startswith("<svg"):
            put_file(place / f"{file_name(report.kind)}.svg", picture.encode())
        content = {
            "kind": report.kind,
            "station": report.station,
            "event": report.event,
            "headline": report.headline,
            "body": {key: value for key, value in report.body.items() if key != "svg"},
        }
        text = json.dumps(jsonable(content), ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
        put_file(place / f"{file_name(report.kind)}.json", text.encode())


def resources_of(path: Path, event: str, address: str) -> list[Resource]:
    """What is there on the event, as a message names it: at ``address``, or within where nothing is public."""
    place = path / "reports" / file_name(event)
    found = []
    for file in sorted(place.iterdir()) if place.is_dir() else []:
        if file.suffix not in TYPES or file.name.startswith("."):
            continue
        content, name = file.read_bytes(), f"{quote(place.name)}/{quote(file.name)}"
        if address:
            found.append(Resource(file.stem, TYPES[file.suffix], f"{address.rstrip('/')}/{name}"))
        elif file.suffix == ".svg" and len(content) <= MOST_WITHIN:
            found.append(Resource(file.stem, TYPES[file.suffix], name, content))
    return found

"""The shelves of a configuration's pipelines, for the ``hydria models`` commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..config import Settings, open_shelf, pick_pipelines, read_config
from ..errors import ModelError
from ..workshop.times import now

if TYPE_CHECKING:
    from ..learning.shelf import Shelf


def shelves(settings: Settings) -> Iterator[tuple[str, Shelf]]:
    for name in settings.pipelines:
        yield name, open_shelf(settings, name, now)


def all_models(config: str) -> list[dict[str, Any]]:
    """Every version, oldest first, with when it was trained and whether it reigns."""
    return [
        {
            "pipeline": pipeline,
            "forecaster": name,
            "version": version,
            "reigns": version == reigning(shelf, name),
            "trained": version.partition("-")[0],
        }
        for pipeline, shelf in shelves(read_config(config))
        for name in shelf.names()
        for version in shelf.versions(name)
    ]


def reigning(shelf: Shelf, name: str) -> str | None:
    """The reigning version; None where the pointer is damaged, which ``verify`` tells."""
    try:
        return shelf.active(name)
    except ModelError:
        return None


def verified(config: str) -> list[dict[str, Any]]:
    """Every version with its faults; a damaged pointer is a fault of the newest version."""
    rows = []
    for pipeline, shelf in shelves(read_config(config)):
        for name in shelf.names():
            versions = shelf.versions(name)
            for version in versions:
                faults = shelf.verify(name, version)
                faults += pointer_faults(shelf, name) if version == versions[-1] else []
                rows.append({"pipeline": pipeline, "forecaster": name, "version": version, "faults": faults})
    return rows


def pointer_faults(shelf: Shelf, name: str) -> list[str]:
    try:
        shelf.active(name)
    except ModelError as error:
        return [str(error)]
    return []


def activated(config: str, pipeline: str, name: str, version: str) -> dict[str, str]:
    """Promote a version by hand. Raises ModelError where it is not there or not sound."""
    pipeline, shelf = the_shelf(read_config(config), pipeline, name)
    shelf.promote(name, version, "activated by hand")
    return {"pipeline": pipeline, "forecaster": name, "version": version}


def rolled_back(config: str, pipeline: str, name: str) -> dict[str, str]:
    """Go back to the version that reigned before. Raises ModelError where there was none."""
    pipeline, shelf = the_shelf(read_config(config), pipeline, name)
    return {"pipeline": pipeline, "forecaster": name, "version": shelf.rollback(name)}


def the_shelf(settings: Settings, pipeline: str, name: str) -> tuple[str, Shelf]:
    """The shelf of ``pipeline``, or of the only pipeline that has models of ``name``."""
    chosen = pick_pipelines(settings, pipeline)
    holding = [p for p in chosen if name in open_shelf(settings, p, now).names()]
    if not holding:
        raise ModelError(f"no model of {name!r} in {settings.platform.models} for {', '.join(chosen)}")
    if len(holding) > 1:
        raise ModelError(f"{name!r} has models in {', '.join(holding)}: name one with --pipeline")
    return holding[0], open_shelf(settings, holding[0], now)

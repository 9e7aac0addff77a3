"""The shelves of a configuration's pipelines, for the ``hydria models`` commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..config import Settings, open_shelf, pick_pipelines, read_config
from ..config.places import meant
from ..errors import ConfigError, ModelError
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
    """Promote a version by hand. Raises ConfigError where it is not there, ModelError where it is not sound."""
    pipeline, shelf = the_shelf(read_config(config), pipeline, name)
    if version not in (there := shelf.versions(name)):
        raise ConfigError(f"{name} has no version {version!r}{meant(version, there)}; allowed: {', '.join(there)}")
    shelf.promote(name, version, "activated by hand")
    return {"pipeline": pipeline, "forecaster": name, "version": version}


def rolled_back(config: str, pipeline: str, name: str) -> dict[str, str]:
    """Go back to the version that reigned before. Raises ModelError where there was none."""
    pipeline, shelf = the_shelf(read_config(config), pipeline, name)
    return {"pipeline": pipeline, "forecaster": name, "version": shelf.rollback(name)}


def the_shelf(settings: Settings, pipeline: str, name: str) -> tuple[str, Shelf]:
    """The shelf of ``pipeline``, or of the only pipeline that has models of ``name``. Raises ConfigError."""
    chosen = {p: open_shelf(settings, p, now) for p in pick_pipelines(settings, pipeline)}
    holding = [p for p, shelf in chosen.items() if name in shelf.names()]
    if not holding:
        allowed = sorted({there for shelf in chosen.values() for there in shelf.names()})
        told = ", ".join(allowed) or "none yet, run `hydria train` first"
        raise ConfigError(f"no model of {name!r}{meant(name, allowed)} in {', '.join(chosen)}; allowed: {told}")
    if len(holding) > 1:
        raise ConfigError(f"{name!r} has models in several pipelines; allowed: --pipeline {' or '.join(holding)}")
    return holding[0], chosen[holding[0]]

"""Hub'Eau Hydrométrie and Vigicrues: levels and discharges of France. Start at ``hubeau.py`` and ``vigicrues.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Importer, Later, Source, hookimpl

__all__ = ["hydria_importers", "hydria_sources"]

NEEDS = ("httpx",), "hydria-plugin[hubeau]"


@hookimpl
def hydria_sources() -> Mapping[str, Callable[..., Source]]:
    return {
        "hubeau": Later("hydria_hubeau.hubeau", "HubeauSource", *NEEDS),
        "vigicrues": Later("hydria_hubeau.vigicrues", "VigicruesSource", *NEEDS),
    }


@hookimpl
def hydria_importers() -> Mapping[str, Callable[..., Importer]]:
    return {"hubeau": Later("hydria_hubeau.importing", "HubeauImporter", *NEEDS)}

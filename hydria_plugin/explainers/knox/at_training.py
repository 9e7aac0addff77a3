"""When a model has been trained: read the networks that it has for being read, and keep that beside it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from .keeping import keep_readings, twins_in

logger = logging.getLogger("hydria.train")


def keep_knowledge(pipeline: str, forecaster: str, model: Any, folder: Path) -> None:
    """Write ``knox.json`` into the ``folder`` of ``model``, where it or a member of it can be read. A station that
    cannot be read is logged and left out."""
    from .reading import read_twin

    readings = {}
    for station, twin in twins_in(model).items():
        try:
            readings[station] = read_twin(twin)
        except Exception:
            logger.exception("reading failed forecaster=%s station=%s", forecaster, station)
    keep_readings(folder, pipeline, forecaster, readings)

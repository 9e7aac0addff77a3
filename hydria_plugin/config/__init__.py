"""The admin's one file: TOML in, checked Settings and built Pipelines out, or every fault at once.

Start at :func:`read_config` (reading.py); pipelines are built in building.py.
"""

from __future__ import annotations

from .building import (
    build_correctors,
    build_forecasters,
    build_pipeline,
    build_source,
    open_shelf,
    open_store,
    pick_pipelines,
)
from .durations import format_duration, parse_duration
from .loading import durations_needed
from .reading import Examination, examine, read_config
from .settings import Choice, PipelineSettings, Platform, Settings

__all__ = [
    "Choice",
    "Examination",
    "PipelineSettings",
    "Platform",
    "Settings",
    "build_correctors",
    "build_forecasters",
    "build_pipeline",
    "build_source",
    "durations_needed",
    "examine",
    "format_duration",
    "open_shelf",
    "open_store",
    "parse_duration",
    "pick_pipelines",
    "read_config",
]

"""hydria-plugin: flood forecasts, their doubt and their reasons, inside the platform you already run.

The public face: what plug-ins and host programs import. The code starts at ``cycle.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ConfigError, FeedError, HydriaError, ModelError, PluginError, StoreError
from .hookspecs import hookimpl
from .later import Later
from .roles import (
    Attributing,
    Delivery,
    Explainer,
    ForecastCorrector,
    Forecaster,
    Hindcasting,
    Importer,
    InputCorrector,
    Learning,
    Needs,
    Persistent,
    Probing,
    ReportSink,
    Retracing,
    Sink,
    Source,
    Split,
    State,
    Step,
    Store,
    Trainable,
)
from .secret import Secret
from .standing import Thresholds
from .values import (
    KINDS,
    METHODS,
    NOT_A_TIME,
    UNITS,
    UNITS_OF,
    Alert,
    Attribution,
    Basis,
    Bulletin,
    Flag,
    Forecast,
    FoundInput,
    FoundRating,
    FoundStation,
    History,
    Inventory,
    Layout,
    Observations,
    Problem,
    Reason,
    Report,
    Signal,
    Summary,
    Verified,
    Wanted,
    Window,
)

if TYPE_CHECKING:
    from .host import Host, open_host

__version__ = "0.1.0"

__all__ = [
    "KINDS",
    "METHODS",
    "NOT_A_TIME",
    "UNITS",
    "UNITS_OF",
    "Alert",
    "Attributing",
    "Attribution",
    "Basis",
    "Bulletin",
    "ConfigError",
    "Delivery",
    "Explainer",
    "FeedError",
    "Flag",
    "Forecast",
    "ForecastCorrector",
    "Forecaster",
    "FoundInput",
    "FoundRating",
    "FoundStation",
    "Hindcasting",
    "History",
    "Host",
    "HydriaError",
    "Importer",
    "InputCorrector",
    "Inventory",
    "Later",
    "Layout",
    "Learning",
    "ModelError",
    "Needs",
    "Observations",
    "Persistent",
    "PluginError",
    "Probing",
    "Problem",
    "Reason",
    "Report",
    "ReportSink",
    "Retracing",
    "Secret",
    "Signal",
    "Sink",
    "Source",
    "Split",
    "State",
    "Step",
    "Store",
    "StoreError",
    "Summary",
    "Thresholds",
    "Trainable",
    "Verified",
    "Wanted",
    "Window",
    "__version__",
    "hookimpl",
    "open_host",
]


def __getattr__(name: str) -> Any:
    """``Host`` and ``open_host`` come when asked for: plug-ins need neither."""
    if name in ("Host", "open_host"):
        from . import host

        return getattr(host, name)
    raise AttributeError(f"module 'hydria_plugin' has no attribute {name!r}")

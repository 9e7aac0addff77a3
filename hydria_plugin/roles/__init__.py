"""What a plug-in can be. A role is one method; further powers are further protocols, found by ``isinstance``.

All of them are called with values and give back values. None may write into what it is given (the arrays are
read-only), keep global state, set up logging, or look at the clock: time and randomness come in as arguments.
"""

from .memory import Buffer, Delivery, Step, Store
from .parts import Explainer, ForecastCorrector, Forecaster, Importer, InputCorrector, Sink, Source
from .powers import (
    Attributing,
    Hindcasting,
    Learning,
    Needs,
    Persistent,
    Probing,
    ReportSink,
    Retracing,
    Split,
    State,
    Trainable,
)

__all__ = [
    "Attributing",
    "Buffer",
    "Delivery",
    "Explainer",
    "ForecastCorrector",
    "Forecaster",
    "Hindcasting",
    "Importer",
    "InputCorrector",
    "Learning",
    "Needs",
    "Persistent",
    "Probing",
    "ReportSink",
    "Retracing",
    "Sink",
    "Source",
    "Split",
    "State",
    "Step",
    "Store",
    "Trainable",
]

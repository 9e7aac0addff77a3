"""What a host knows of its stations: what ``hydria import`` writes as stations.csv, inputs.csv and ratings.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class FoundStation:
    """A station that can be forecast. NaN where the host does not say where it is."""

    station: str
    name: str
    target: str  # series id, as the source of the same host reads it
    quantity: str  # level | discharge
    unit: str  # of QUANTITIES: what the source gives, and the thresholds are in
    latitude: float = float("nan")
    longitude: float = float("nan")
    thresholds: Mapping[str, float] = field(default_factory=dict)  # name -> value in threshold_unit, rising
    threshold_unit: str = ""  # "" = unit


@dataclass(frozen=True, slots=True)
class FoundInput:
    """A series that may serve as an input. ``station`` "" where the host does not say whose; a person chooses."""

    series: str
    kind: str  # of KINDS
    name: str = ""
    station: str = ""
    latitude: float = float("nan")
    longitude: float = float("nan")


@dataclass(frozen=True, slots=True)
class FoundRating:
    """A rating curve: points (stage m, discharge m3/s) that rise."""

    station: str
    valid_from: np.datetime64  # [s], UTC; NaT = always
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that was found, and what a person should look at before using it."""

    stations: tuple[FoundStation, ...] = ()
    inputs: tuple[FoundInput, ...] = ()
    ratings: tuple[FoundRating, ...] = ()
    remarks: tuple[str, ...] = ()

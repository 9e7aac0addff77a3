"""The tables of the TOML file. Every field's description is what the fault line calls allowed.

What must be given is checked after the types (``required``), so that one missing key does not hide other faults.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, PlainValidator, Tag

from .durations import ALLOWED, parse_duration

T = TypeVar("T")
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


def duration(value: Any) -> np.timedelta64:
    if not isinstance(value, str):
        raise ValueError("is not text")
    return parse_duration(value)


def longer_than_nothing(value: np.timedelta64) -> np.timedelta64:
    if value <= np.timedelta64(0, "s"):
        raise ValueError("is not longer than nothing")
    return value


def real_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as cause:
        raise ValueError("is not a time zone") from cause
    return value


def rising_with_median(value: list[float]) -> list[float]:
    rising = all(low < high for low, high in pairwise([0.0, *value, 1.0]))  # False for NaN, wherever it stands
    if not value or not rising:
        raise ValueError("do not rise between 0 and 1")
    if 0.5 not in value:
        raise ValueError("lack the median 0.5")
    return value


def once_each(value: list[str]) -> list[str]:
    if twice := sorted({v for v in value if value.count(v) > 1}):
        raise ValueError(f"names {twice[0]!r} twice")
    return value


def filled(value: list[T]) -> list[T]:
    if not value:
        raise ValueError("names none")
    return value


Duration = Annotated[np.timedelta64, PlainValidator(duration)]
Positive = Annotated[np.timedelta64, PlainValidator(duration), AfterValidator(longer_than_nothing)]
Text = Annotated[str, Field(min_length=1)]
Names = Annotated[list[str], AfterValidator(once_each)]
Options = dict[str, dict[str, Any]]
ZONE = "a zone of the tz database such as UTC or Europe/Paris"
POSITIVE = f"{ALLOWED}, longer than nothing"
STEPS = f"{ALLOWED}, a whole number of steps"
FILE = "a CSV file, as text"
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NAMES = "a list of plug-in names, each once"


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


class PlatformTable(Table):
    name: Text = Field(default="hydria", description="the platform's name, as text")
    store: Text = Field(default="sqlite:///hydria.db", description="an address such as sqlite:///hydria.db", repr=False)
    models: Text = Field(default="models", description="the folder of trained models, as text")
    language: Literal["en", "fr"] = Field(default="en", description="'en' or 'fr'")
    timezone: Annotated[str, AfterValidator(real_zone)] = Field(default="UTC", description=ZONE)
    retention: Positive | None = Field(default=None, description=POSITIVE)


class PlugTable(BaseModel):
    """``{ use = "csv", path = "feeds" }``: the plug-in's name, the rest are its options."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    use: Text = Field(description="the name of a plug-in, as text")

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.__pydantic_extra__ or {})


class SinkTable(PlugTable):
    """A sink's, with how long one call of it may take."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    timeout: Positive = Field(default=np.timedelta64(30, "s"), description=POSITIVE)


class SourceTable(PlugTable):
    """One of several sources, with the series that are taken from it."""

    takes: Annotated[list[Text], AfterValidator(filled)] | None = Field(
        default=None, description='patterns of series such as ["Y*", "rain.?"], at least one; without it, the rest'
    )


class RateTable(Table):
    name: Text = Field(description="the name of the rate of rise, as text")
    column: Text = Field(description="the column of stations.csv with the rise that is too fast, as text")
    over: Positive = Field(description=f"{ALLOWED}: the time over which the rise is taken")


class AlertsTable(Table):
    thresholds: Names | None = Field(default=None, description="columns of stations.csv, in rising order, each once")
    probability: float = Field(default=0.5, gt=0, lt=1, description="a number between 0 and 1")
    hold: Duration = Field(default=np.timedelta64(3600, "s"), description=ALLOWED)
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | Text = Field(
        default=0.0, description="a number from 0 in the station's unit, or the column of stations.csv that holds one"
    )
    repeat: Positive | None = Field(default=None, description=POSITIVE)
    rates: list[RateTable] = Field(default=[], description='tables { name = "...", column = "...", over = "1h" }')


def one_or_several(value: Any) -> str:
    return SEVERAL if isinstance(value, list) else ONE


ONE, SEVERAL = "(one)", "(several)"  # in brackets: not part of a place, see toml_file.cleaned
Sources = Annotated[
    Annotated[PlugTable, Tag(ONE)] | Annotated[list[SourceTable], AfterValidator(filled), Tag(SEVERAL)],
    Discriminator(one_or_several),
]


class PipelineTable(Table):
    step: Positive | None = Field(default=None, description=POSITIVE)
    past: Positive | None = Field(default=None, description=STEPS)
    horizon: Positive | None = Field(default=None, description=STEPS)
    stations: Text | None = Field(default=None, description=FILE)
    inputs: Text | None = Field(default=None, description=FILE)
    ratings: Text | None = Field(default=None, description=FILE)
    source: Sources | None = Field(
        default=None, description='a table { use = "csv", ... } with its options, or a list of them with `takes`'
    )
    forecasters: Annotated[Names, AfterValidator(filled)] | None = Field(
        default=None, description=f"{NAMES}, at least one"
    )
    shadow: Names = Field(default=[], description=f"{NAMES}; NAME@VERSION names a model that does not reign")
    delay: Duration = Field(default=np.timedelta64(0, "s"), description=ALLOWED)
    quantiles: Annotated[list[float], AfterValidator(rising_with_median)] = Field(
        default=list(QUANTILES), description="numbers between 0 and 1, rising, 0.5 among them"
    )
    correct_inputs: Names = Field(default=[], description=NAMES)
    correct_forecast: Names = Field(default=[], description=NAMES)
    explainers: Names = Field(default=[], description=NAMES)
    sinks: list[SinkTable] = Field(default=[], description='a list of tables { use = "csv", ... }')
    rain_label: Literal["end", "start"] = Field(default="end", description="'end' or 'start'")
    overlap: Positive | None = Field(default=None, description=POSITIVE)
    revisions: int = Field(default=8, ge=0, le=1000, description="a whole number from 0 to 1000")
    deadline: Positive | None = Field(default=None, description=POSITIVE)
    alerts: AlertsTable = Field(default=AlertsTable(), description="a table")
    forecaster: Options = Field(default={}, description="tables of options, one per forecaster")
    corrector: Options = Field(default={}, description="tables of options, one per corrector")
    explainer: Options = Field(default={}, description="tables of options, one per explainer")

    @property
    def sources(self) -> list[PlugTable]:
        """The source, or the several."""
        given: Any = self.source
        return given if isinstance(given, list) else [given] if given is not None else []


PipelineName = Annotated[str, Field(pattern=NAME)]


class Document(Table):
    platform: PlatformTable = Field(default=PlatformTable(), description="a table")
    pipelines: dict[PipelineName, PipelineTable] = Field(default={}, description="tables [pipelines.NAME]")


REQUIRED = ("step", "past", "horizon", "stations", "source", "forecasters")

"""The parts of a cycle: one method each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..values import Bulletin, Forecast, Inventory, Report, Wanted, Window

if TYPE_CHECKING:
    import pandas as pd


@runtime_checkable
class Source(Protocol):
    """Reads the host's feeds."""

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """One long table: ``series`` (str), ``time`` (UTC, aware), ``value`` (float); optional ``flag`` (Flag),
        ``received_at`` (UTC; absent = received when stamped), ``issued_at`` (UTC, for forecasts; NaT = observation),
        ``member`` (int). Only rows known by ``wanted.known_at``. ``DataFrame.attrs["problems"]`` may hold a list of
        :class:`Problem` for what could not be read. Raises FeedError when the host cannot be reached."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Writes bulletins into the host. The same bulletin twice leaves the host in the same state."""

    def write(self, bulletin: Bulletin) -> None: ...


@runtime_checkable
class Forecaster(Protocol):
    """Gives quantiles for the window's stations, in its order; a row of NaN where it cannot."""

    def forecast(self, window: Window) -> Forecast: ...


@runtime_checkable
class InputCorrector(Protocol):
    """Flags, fills and doubts inputs, causally; or makes scenarios of them."""

    def correct_inputs(self, window: Window) -> Window: ...


@runtime_checkable
class ForecastCorrector(Protocol):
    """Corrects or calibrates a forecast."""

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast: ...


@runtime_checkable
class Explainer(Protocol):
    """Says why, for the stations of ``window``."""

    def explain(self, window: Window, forecast: Forecast, forecaster: Forecaster) -> Sequence[Report]: ...


@runtime_checkable
class Importer(Protocol):
    """Asks a host once what it has, for an admin to look at: stations, thresholds, gauges, rating curves."""

    def survey(self) -> Inventory:
        """What was found; remarks on what was not. Raises FeedError when the host cannot be read."""
        ...

"""A bulletin as series of PI: quantiles, members, flags, alerts, and where the doubt and the water come from.

One forecast of FEWS is all series with one forecastDate: a revision of the same issue time replaces what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydria_plugin import Alert, Bulletin, Report

from .flags import COMPLETED_DOUBTFUL, MISSING, RELIABLE, UNRELIABLE
from .naming import PARAMETERS, Naming
from .pi_series import NO_FLAG, PiHeader, PiSeries, TimeStep

MODULE = ENSEMBLE = "hydria"
SHARES = ("model", "input", "residual")
KNOX_KIND = "knox"  # of reports
LEVEL, PROBABILITY, DOUBT, KNOX = "alert.level", "alert.probability", "doubt.share", "knox.share"


def bulletin_series(
    bulletin: Bulletin, naming: Naming, parameters: Mapping[str, str] = PARAMETERS
) -> Iterator[PiSeries]:
    """All that a bulletin says. ``parameters``: quantity = parameterId."""
    made = Rendering(bulletin, naming, parameters)
    yield from made.quantiles()
    yield from made.members()
    yield from made.doubt()
    yield from made.flags()
    yield from made.alerts()
    yield from report_series(bulletin.reports, bulletin, naming)


class Rendering:
    """Renders one bulletin, station by station."""

    def __init__(self, bulletin: Bulletin, naming: Naming, parameters: Mapping[str, str] = PARAMETERS) -> None:
        self.bulletin, self.naming, self.parameters = bulletin, naming, parameters
        self.leads = bulletin.forecast.valid_times()
        self.step = TimeStep.of(bulletin.layout.step)

    def header(self, row: int, parameter: str, units: str, **more: Any) -> PiHeader:
        layout = self.bulletin.layout
        return PiHeader(
            location=self.naming.location(layout, row),
            parameter=parameter,
            module=MODULE,
            station_name=layout.names[row] if layout.names else "",
            issued_at=self.bulletin.issued_at.astype("datetime64[ms]"),
            units=units,
            **more,
        )

    def quantiles(self) -> Iterator[PiSeries]:
        """One series each; a station without forecast has events that are missing."""
        forecast, layout = self.bulletin.forecast, self.bulletin.layout
        for row in range(len(forecast.stations)):
            flag = RELIABLE if forecast.there[row] else MISSING
            for k, quantile in enumerate(forecast.quantiles):
                header = self.header(
                    row, self._parameter(row), layout.units[row], qualifiers=(f"q{quantile:g}",), step=self.step
                )
                yield even(header, self.leads, forecast.values[row, :, k], np.full(len(self.leads), flag))

    def members(self) -> Iterator[PiSeries]:
        """One series each, of one ensemble: scenario by member."""
        forecast, layout = self.bulletin.forecast, self.bulletin.layout
        if forecast.members is None:
            return
        r, m, h = forecast.members.shape[1:]
        for row in np.flatnonzero(forecast.there).tolist():
            for number, values in enumerate(forecast.members[row].reshape(r * m, h)):
                parameter, unit = self._parameter(row), layout.units[row]
                yield even(
                    self.header(row, parameter, unit, ensemble=ENSEMBLE, member=number, step=self.step),
                    self.leads,
                    values,
                )

    def doubt(self) -> Iterator[PiSeries]:
        """Which share of the doubt comes of the model, of the inputs, and of neither."""
        variance = self.bulletin.forecast.variance
        if variance is None:
            return
        whole = np.nansum(variance, axis=2, keepdims=True)
        share = np.divide(variance, whole, out=np.full(variance.shape, np.nan), where=whole > 0)
        for row in np.flatnonzero(np.isfinite(share).any(axis=(1, 2))).tolist():
            for k, name in enumerate(SHARES):
                header = self.header(row, DOUBT, "-", qualifiers=(name,), step=self.step)
                yield even(header, self.leads, share[row, :, k])

    def flags(self) -> Iterator[PiSeries]:
        """What the forecast rests on: the target's past, as measured, completed or doubted, with the flags of FEWS."""
        summary, layout = self.bulletin.summary, self.bulletin.layout
        past = summary.observed.shape[1]
        times = self.bulletin.issued_at - layout.step * np.arange(past - 1, -1, -1)
        for row in range(len(layout.stations)):
            values = summary.observed[row].astype(np.float64)
            flag = np.where(np.isnan(values), MISSING, RELIABLE)
            if summary.completed is not None:
                filled = np.isfinite(summary.completed[row])
                values = np.where(filled, summary.completed[row], values)
                flag = np.where(filled, COMPLETED_DOUBTFUL, flag)
            if summary.believed is not None and not summary.believed[row]:
                flag[-1] = UNRELIABLE if np.isfinite(values[-1]) else MISSING
            header = self.header(row, self._parameter(row), layout.units[row], qualifiers=("checked",), step=self.step)
            yield even(header, times, values, flag)

    def alerts(self) -> Iterator[PiSeries]:
        """One event per station: the rank of the threshold that stands (1 the lowest, 0 none), its story as comment."""
        standing = {alert.station: alert for alert in self.bulletin.alerts}
        at = np.asarray([self.bulletin.issued_at])
        for row, station in enumerate(self.bulletin.layout.stations):
            alert = standing.get(station)
            value = 0 if alert is None else alert.rank + 1
            comment = {} if alert is None else {"comment": np.array([story(alert)], dtype=object)}
            yield PiSeries(
                over(self.header(row, LEVEL, "-"), at), at.astype("M8[ms]"), np.array([float(value)]),
                np.array([RELIABLE], np.int16), comment,
            )  # fmt: skip
            if alert is not None and np.isfinite(alert.probability):
                yield even(self.header(row, PROBABILITY, "-"), at, np.array([alert.probability]))

    def shares(self, row: int, report: Report) -> Iterator[PiSeries]:
        """How much of the water comes of which rain, as a reading of KnoX has it."""
        at = np.asarray([self.bulletin.issued_at])
        for rain, shares in knox_shares(report) if report.kind == KNOX_KIND else ():
            for name, value in shares.items():
                yield even(self.header(row, KNOX, "-", qualifiers=(rain, name)), at, np.array([value]))

    def _parameter(self, row: int) -> str:
        quantity = self.bulletin.layout.quantities[row]
        return self.parameters.get(quantity, PARAMETERS[quantity])


def report_series(reports: Sequence[Report], bulletin: Bulletin, naming: Naming) -> Iterator[PiSeries]:
    """One event at the issue time for each report, its headline as comment; and the shares of KnoX as numbers: how much
    of the water comes of which rain."""
    made, at = Rendering(bulletin, naming), np.asarray([bulletin.issued_at])
    for report in reports:
        if report.station not in bulletin.layout.stations:
            continue
        row = bulletin.layout.stations.index(report.station)
        headline = {"comment": np.array([f"{report.event} {report.headline}".strip()], dtype=object)}
        yield replace(even(made.header(row, f"report.{report.kind}", "-"), at, np.array([1.0])), more=headline)
        yield from made.shares(row, report)


def knox_shares(report: Report) -> Iterator[tuple[str, dict[str, float]]]:
    """(rain series, its share: median and quartiles) of a report; nothing where it holds none."""
    for slot in report.body.get("slots", ()):
        share = slot.get("share", {})
        yield str(slot.get("series") or slot.get("slot")), {k: float(v) for k, v in share.items() if v is not None}


def story(alert: Alert) -> str:
    """What a forecaster reads beside the level."""
    crosses = "" if np.isnat(alert.crosses_at) else f"; from {alert.crosses_at.astype('datetime64[s]')}Z"
    return f"{alert.event} {alert.reason} {alert.threshold} ({alert.limit:g}, {alert.basis}){crosses}"


def even(
    header: PiHeader, times: NDArray[np.datetime64], values: NDArray[Any], flags: NDArray[Any] | None = None
) -> PiSeries:
    """The series, its header with first and last time; what is missing is flagged so."""
    value = np.asarray(values, dtype=np.float64)
    given = np.full(len(value), NO_FLAG if flags is None else 0) if flags is None else flags
    flag = np.where(np.isnan(value), MISSING, given)
    return PiSeries.of(over(header, times), times.astype("datetime64[ms]"), value, flag)


def over(header: PiHeader, times: NDArray[np.datetime64]) -> PiHeader:
    return replace(header, start=times[0].astype("datetime64[ms]"), end=times[-1].astype("datetime64[ms]"))

"""What each forecast corrector did to the median is kept beside the forecast; reports are tied to the alert's event."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Forecast, Report, Window
from hydria_plugin.cycle import corrected
from hydria_plugin.host.rounds import tied
from hydria_plugin.testing.samples import sample_bulletin, sample_forecast, sample_window


class Shift:
    """Adds to all quantiles, as a corrector that makes a forecast of its own: what was kept before is not its task."""

    def __init__(self, by: float, lost: int | None = None) -> None:
        self.by, self.lost = by, lost

    def correct_forecast(self, forecast: Forecast, window: Window) -> Forecast:
        values = forecast.values + self.by
        if self.lost is not None:
            values[self.lost] = np.nan
        return Forecast.of(window, values, "shift")


def test_every_correction_is_kept_in_order() -> None:
    window = sample_window()
    raw = sample_forecast(window)
    first = corrected("error-model", Shift(0.3), raw, window)
    both = corrected("conformal", Shift(-0.1), first, window)
    assert both.correction_names == ("error-model", "conformal") and both.corrections is not None
    np.testing.assert_allclose(both.corrections[:, 0], 0.3)
    np.testing.assert_allclose(both.corrections[:, 1], -0.1)
    np.testing.assert_allclose(raw.median + both.corrections.sum(axis=1), both.median)


def test_a_row_that_a_corrector_lost_was_not_corrected() -> None:
    window = sample_window()
    after = corrected("error-model", Shift(0.3, lost=1), sample_forecast(window), window)
    assert after.corrections is not None
    np.testing.assert_allclose(after.corrections[:, 0, 0], [0.3, 0.0, 0.3])


def test_stations_take_their_corrections_along() -> None:
    window = sample_window()
    after = corrected("error-model", Shift(0.3, lost=1), sample_forecast(window), window).only([1])
    assert after.corrections is not None and after.corrections.shape == (1, 1, window.layout.horizon)
    assert not after.corrections.any()


def test_a_report_is_tied_to_the_event_of_its_stations_alert() -> None:
    bulletin = sample_bulletin()
    (alert,) = bulletin.alerts
    reports = [Report("attribution", station, "", "why") for station in bulletin.forecast.stations]
    known = Report("attribution", alert.station, "its own", "why")
    told = tied([*reports, known], bulletin)
    assert [report.event for report in told] == [alert.event, "", "", "its own"]


def test_an_alert_that_is_no_news_ties_nothing() -> None:
    bulletin = sample_bulletin()
    quiet = replace(bulletin.alerts[0], reason=type(bulletin.alerts[0].reason).NOTHING_NEW)
    report = Report("attribution", quiet.station, "", "why")
    assert tied([report], replace(bulletin, alerts=(quiet,))) == [report]

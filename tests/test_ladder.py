"""The fallback ladder: row by row, the next fills what is missing; a failing rung costs its rung only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Forecast, PluginError, Problem, Window
from hydria_plugin.ladder import check_forecast, complete, first_complete, reachable
from hydria_plugin.testing import sample_forecast, sample_window


class Constant:
    """Forecasts ``value`` for the stations of ``only``, keeps what it was asked."""

    def __init__(self, value: float, only: tuple[str, ...] | None = None, members: int = 0) -> None:
        self.value, self.only, self.members, self.asked = value, only, members, []  # type: ignore[var-annotated]

    def forecast(self, window: Window) -> Forecast:
        self.asked.append(window.stations)
        shape = (len(window.stations), window.layout.horizon, len(window.quantiles))
        values = np.full(shape, float(self.value))
        for i, station in enumerate(window.stations):
            if self.only is not None and station not in self.only:
                values[i] = np.nan
        more = {"members": np.full((shape[0], 1, self.members, shape[1]), float(self.value))} if self.members else {}
        return Forecast.of(window, values, f"c{self.value:g}", **more)


class Raising:
    def forecast(self, window: Window) -> Forecast:
        raise RuntimeError("out of memory")


class Writing:
    def forecast(self, window: Window) -> Forecast:
        window.observed.values[:] = 0.0
        return sample_forecast(window)


def run(**forecasters: object) -> tuple[Forecast, list[Problem]]:
    problems: list[Problem] = []
    return first_complete(forecasters, sample_window(), problems), problems  # type: ignore[arg-type]


def test_the_first_that_answers_is_taken_and_the_rest_is_not_asked() -> None:
    second = Constant(2)
    forecast, problems = run(a=Constant(1), b=second)
    assert forecast.made_by == ("c1",) * 3
    assert second.asked == [] and problems == []


def test_the_next_fills_the_missing_rows_only() -> None:
    second = Constant(2)
    forecast, _ = run(a=Constant(1, only=("s1", "s3")), b=second)
    assert forecast.made_by == ("c1", "c2", "c1")
    assert forecast.rung.tolist() == [0, 1, 0]
    assert second.asked == [("s2",)]
    assert (forecast.values[1] == 2).all()


def test_a_failing_forecaster_is_noted_and_passed_over() -> None:
    forecast, problems = run(bad=Raising(), good=Constant(2))
    assert forecast.rung.tolist() == [1, 1, 1]
    assert [(p.stage, p.error) for p in problems] == [("bad", "RuntimeError: out of memory")]


def test_a_forecaster_that_writes_into_its_window_is_caught() -> None:
    forecast, problems = run(bad=Writing(), good=Constant(2))
    assert "read-only" in problems[0].error
    assert not forecast.missing


def test_nobody_answers() -> None:
    forecast, problems = run(bad=Raising())
    assert forecast.missing == ("s1", "s2", "s3")
    assert forecast.rung.tolist() == [-1, -1, -1]
    assert len(problems) == 1


def test_members_of_a_lower_rung_keep_their_rows() -> None:
    forecast, _ = run(a=Constant(1, only=("s1",)), b=Constant(2, members=4))
    assert forecast.members is not None
    assert np.isnan(forecast.members[0]).all()
    assert (forecast.members[1:] == 2).all()


def test_members_of_another_shape_do_not_mix() -> None:
    forecast, _ = run(a=Constant(1, only=("s1",), members=3), b=Constant(2, members=4))
    assert forecast.members is not None and forecast.members.shape[2] == 3
    assert np.isnan(forecast.members[1:]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stations": ("s1", "s3", "s2")}, "for stations"),
        ({"issued_at": np.datetime64("2020-01-01T00", "s")}, "for issue time"),
        ({"quantiles": (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)}, "for quantiles"),
    ],
)
def test_an_answer_to_another_question_is_refused(change: dict[str, object], words: str) -> None:
    window = sample_window()
    with pytest.raises(PluginError, match=words):
        check_forecast("x", replace(sample_forecast(window), **change), window)


def test_something_else_than_a_forecast_is_refused() -> None:
    with pytest.raises(PluginError, match="x gave a dict instead of a Forecast"):
        check_forecast("x", {}, sample_window())


def test_a_row_that_a_corrector_lost_stays_as_it_was() -> None:
    window = sample_window()
    before = sample_forecast(window)
    lost = before.values.copy()
    lost[0] = np.nan
    after = Forecast.of(window, lost + 1, "sample+fix")
    kept = complete(after, before)
    np.testing.assert_array_equal(kept.values[0], before.values[0])
    np.testing.assert_array_equal(kept.values[1:], before.values[1:] + 1)
    assert kept.made_by == ("sample", "sample+fix", "sample+fix")


def test_an_error_is_told_in_one_line_with_its_cause() -> None:
    try:
        try:
            raise OSError("disk")
        except OSError as cause:
            raise ValueError("two\nlines") from cause
    except ValueError as error:
        assert reachable(error) == "ValueError: two lines (from OSError: disk)"

"""Drift and staleness as forecasters read them: on the bulletin, in both languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Flag, Problem, Signal, Window
from hydria_plugin.drawing.words import Words
from hydria_plugin.testing import sample_forecast, sample_layout, sample_window
from hydria_plugin.values import Bulletin, Summary
from hydria_plugin.verification.drift import BAND, ERROR, NAME, begun
from hydria_plugin.verification.watching import (
    DRIFT,
    STALENESS,
    TEXT,
    Watchman,
    ages_of,
    models_number,
    standing_of,
    watch_facts,
)

HOUR = np.timedelta64(3600, "s")


def watchman(language: str = "en", **models: str) -> Watchman:
    return Watchman({f"model:{k}": v for k, v in models.items()}, language, Words.of(language, "UTC").duration)


def seen(values: dict[int, float], flags: dict[int, int] | None = None) -> Window:
    """A window of three stations in which some rows of the target are this value, or bear this flag."""
    window = sample_window(sample_layout(), gaps=0.0)
    target = np.array(window.observed.values)
    marks = np.zeros(target.shape, np.uint8)
    for row, value in values.items():
        target[row] = value
    for row, flag in (flags or {}).items():
        marks[row] = flag
    return replace(window, observed=Signal.measured(target, marks))


def drifted(window: Window, row: int, which: int, recent: float) -> Window:
    state = begun(0, len(window.stations))
    state["drifted"][row, which], state["recent"][row, which] = 1, recent
    return replace(window, learned={NAME: state})


def test_all_is_well() -> None:
    assert watchman(ridge="20250101T000000Z-abcdef01")(seen({})) == ()


def test_a_station_without_truth_is_named() -> None:
    (found,) = watchman()(seen({1: np.nan}))
    assert (found.stage, found.station) == (STALENESS, "s2")
    assert found.error.startswith("no observation for ")
    (french,) = watchman("fr")(seen({1: np.nan}))
    assert french.error.startswith("aucune observation depuis ")


def test_a_silent_feed_is_one_sentence() -> None:
    (found,) = watchman()(seen({0: np.nan, 1: np.nan, 2: np.nan}))
    assert found.station is None and "the feed is silent" in found.error


def test_truth_that_is_all_flagged_is_told_apart_from_truth_that_never_came() -> None:
    first, second = watchman()(seen({0: np.nan}, {2: int(Flag.FAIL)}))
    assert "no observation" in first.error and "flagged as wrong" in second.error
    assert second.station == "s3"


def test_values_that_were_filled_in_are_no_truth() -> None:
    window = seen({})
    sigma = np.zeros(window.observed.values.shape)
    sigma[0] = 0.2
    (found,) = watchman()(replace(window, observed=replace(window.observed, sigma=sigma)))
    assert found.station == "s1"


def test_drift_is_told_with_its_size_and_the_age_of_the_model() -> None:
    window = drifted(seen({}), 1, ERROR, np.log(2.4))
    made = str((window.issued_at - 100 * 24 * HOUR).astype("M8[D]")).replace("-", "") + "T000000Z-abcdef01"
    (found,) = watchman(ridge=made)(window)
    assert (found.stage, found.station) == (DRIFT, "s2")
    assert "2.4 times" in found.error and "trained 100 days ago" in found.error
    (french,) = watchman("fr", ridge=made)(window)
    assert "2,4 fois" in french.error and "il y a 100 jours" in french.error


def test_a_band_that_no_longer_holds() -> None:
    (found,) = watchman()(drifted(seen({}), 0, BAND, 0.55))
    assert "55% of the truth lay outside" in found.error


def test_a_state_of_other_stations_says_nothing() -> None:
    window = seen({})
    state = begun(0, 2)
    state["drifted"][:] = 1
    assert watchman()(replace(window, learned={NAME: state})) == ()


def test_an_old_model_is_told() -> None:
    (found,) = watchman(ridge="20010101T000000Z-abcdef01")(seen({}))
    assert found.stage == STALENESS and "ridge was trained" in found.error


def test_ages_and_numbers_of_models() -> None:
    digests = {"model:a": "20260101T120000Z-12345678", "config": "x", "model:b": "made by hand"}
    assert ages_of(digests, np.datetime64("2026-01-11T06:00", "s")) == {"a": 10}
    assert models_number(digests) != models_number({**digests, "model:a": "20260102T120000Z-12345678"})
    assert models_number(digests) == models_number({**digests, "config": "y"})


def test_both_languages_say_the_same_things() -> None:
    assert TEXT["en"].keys() == TEXT["fr"].keys()
    for key in TEXT["en"]:
        assert TEXT["en"][key].count("{}") == TEXT["fr"][key].count("{}"), key


def test_equal_lines_of_many_stations_are_one() -> None:
    window = sample_window(sample_layout())
    forecast = sample_forecast(window)
    problems = (
        *(Problem(STALENESS, f"s{i}", "no observation") for i in range(8)),
        Problem(DRIFT, "s1", "worse"),
        Problem("ridge", None, "not ours"),
        Problem(STALENESS, None, "silent"),
    )
    made = Bulletin(
        "p", window.issued_at, window.known_at, 0, window.layout, Summary.of(window), forecast, forecast, (), problems
    )
    assert list(standing_of(made)) == [
        "staleness: no observation (s0, s1, s2, s3, s4 and 3 more)", "drift: worse (s1)", "staleness: silent",
    ]  # fmt: skip


def test_facts_for_machines() -> None:
    state = begun(0, 2)
    state["newest"][1] = 86400
    facts = watch_facts(state, ("a", "b"))
    assert [f["verified_to"] for f in facts] == [None, "1970-01-02T00:00:00Z"]
    assert watch_facts(state, ("a",)) == [] and watch_facts(None, ("a",)) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_failing_test_is_never_told_in_nan(language: str) -> None:
    told = watchman(language)(drifted(seen({}), 0, ERROR, 50.0))
    assert "nan" not in told[0].error and "inf" not in told[0].error

"""Where the doubt comes from, in words: right, in both languages, and silent where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Bulletin, Signal
from hydria_plugin.drawing import hydrograph
from hydria_plugin.drawing.doubt import TEXT, doubt
from hydria_plugin.drawing.words import Words
from hydria_plugin.testing import sample_forecast, sample_layout, sample_window
from hydria_plugin.values import Summary

ENGLISH, FRENCH = Words.of("en", "UTC"), Words.of("fr", "Europe/Paris")


def bulletin(
    parts: tuple[float, float, float], estimated: tuple[int, ...] = (), silent: bool = False, slots: int = 4
) -> Bulletin:
    """One whose first station is highest at the third lead, its doubt in these parts."""
    layout = sample_layout(slots=slots)
    window = sample_window(layout, gaps=0.0)
    sigma, past = window.past.sigma.copy(), window.past.values.copy()
    sigma[0, :, -5:, list(estimated)] = 0.4
    if silent:
        past[0, :, :, : slots - 1] = np.nan
    window = replace(window, past=replace(Signal.measured(past), sigma=sigma))
    forecast = sample_forecast(window)
    values = forecast.values.copy()
    values[0, 2] = values[0].max() + np.linspace(0.1, 1.0, 7)
    variance = np.broadcast_to(parts, (3, 6, 3))
    forecast = replace(forecast, values=values, variance=variance)
    return Bulletin("p", window.issued_at, window.known_at, 0, layout, Summary.of(window), forecast, forecast)


@pytest.mark.parametrize(
    ("parts", "english", "french"),
    [
        (
            (0.1, 2.0, 0.9),
            "Two thirds of the doubt at +3 h is the rain.",
            "Les deux tiers du doute à +3 h viennent de la pluie.",
        ),
        (
            (0.0, 2.0, 0.0),
            "Nearly all of the doubt at +3 h is the rain.",
            "Presque tout le doute à +3 h vient de la pluie.",
        ),
        ((5.0, 1.0, 4.0), "Half of the doubt at +3 h is the model.", "La moitié du doute à +3 h vient du modèle."),
        (
            (0.1, 0.15, 0.75),
            "Three quarters of the doubt at +3 h is what forecasts have missed besides.",
            "Les trois quarts du doute à +3 h viennent de ce que les prévisions manquent par ailleurs.",
        ),
        (
            (0.3, 0.4, 0.3),
            "The doubt at +3 h has several sources, most of it is the rain.",
            "Le doute à +3 h a plusieurs sources, il vient surtout de la pluie.",
        ),
    ],
)  # fmt: skip
def test_the_largest_part_is_named(parts: tuple[float, float, float], english: str, french: str) -> None:
    assert doubt(bulletin(parts), 0, ENGLISH) == english
    assert doubt(bulletin(parts), 0, FRENCH) == french


def test_the_gauge_that_is_estimated_is_named() -> None:
    made = bulletin((0.1, 2.0, 0.9), estimated=(1,))
    name = str(made.layout.series[0, 1])
    told = doubt(made, 0, ENGLISH, {name: "Saumane"})
    assert told == "Two thirds of the doubt at +3 h is the rain; gauge Saumane is estimated."
    assert doubt(made, 0, FRENCH, {name: "Saumane"}).endswith("viennent de la pluie ; le capteur Saumane est estimé.")
    assert f"gauge {name} is estimated" in doubt(made, 0, ENGLISH)


def test_several_are_counted() -> None:
    assert "gauges rain.1@s1 and rain.2@s1 are estimated" in doubt(bulletin((1, 3, 1), (0, 1)), 0, ENGLISH)
    made = bulletin((1, 3, 1), (0, 1, 2, 3), slots=5)
    assert "gauges rain.1@s1, rain.2@s1 and 2 more are estimated" in doubt(made, 0, ENGLISH)
    assert "les capteurs rain.1@s1, rain.2@s1 et 2 autres sont estimés" in doubt(made, 0, FRENCH)


def test_one_more_is_one() -> None:
    made = bulletin((1, 3, 1), (0, 1, 2), slots=5)
    assert "gauges rain.1@s1, rain.2@s1 and one more are estimated" in doubt(made, 0, ENGLISH)
    assert "les capteurs rain.1@s1, rain.2@s1 et un autre sont estimés" in doubt(made, 0, FRENCH)


def test_an_estimated_level_makes_it_the_inputs() -> None:
    assert "is the inputs; gauge level.upstream@s1 is estimated" in doubt(bulletin((0.1, 3, 1), (3,)), 0, ENGLISH)


@pytest.mark.parametrize(("back", "named"), [(1, True), (6, True), (7, False)])
def test_a_station_whose_own_value_is_estimated_does_not_lay_it_on_the_rain(back: int, named: bool) -> None:
    made = bulletin((0.1, 2.0, 0.9), estimated=(1,))
    completed = np.full(made.summary.observed.shape, np.nan, np.float32)
    completed[0, -back] = 2.5
    made = replace(made, summary=replace(made.summary, completed=completed))
    own, rain = made.layout.targets[0], str(made.layout.series[0, 1])
    told, dit = doubt(made, 0, ENGLISH, {own: "Anduze"}), doubt(made, 0, FRENCH, {own: "Anduze"})
    if named:
        assert told == f"Two thirds of the doubt at +3 h is the inputs; gauges Anduze and {rain} are estimated."
        assert dit.endswith(f"viennent des entrées ; les capteurs Anduze et {rain} sont estimés.")
    else:
        assert told == f"Two thirds of the doubt at +3 h is the rain; gauge {rain} is estimated."


def test_what_is_not_known_is_said() -> None:
    told = doubt(bulletin((np.nan, 3.0, 1.0)), 0, ENGLISH)
    assert told.endswith("is the rain; how much of it is the model is not known.")
    assert doubt(bulletin((1.0, np.nan, 1.0)), 0, ENGLISH) == ""
    assert doubt(bulletin((np.nan, np.nan, np.nan)), 0, ENGLISH) == ""
    assert doubt(bulletin((0.0, 0.0, 0.0)), 0, ENGLISH) == "", "no doubt at all has no source"


def test_all_gauges_silent_is_said() -> None:
    assert "No rain gauge speaks" in doubt(bulletin((1.0, np.nan, 1.0), silent=True), 0, ENGLISH)
    assert "Aucun pluviomètre ne parle" in doubt(bulletin((1.0, np.nan, 1.0), silent=True), 0, FRENCH)
    assert doubt(bulletin((1.0, 2.0, 1.0), silent=True), 1, ENGLISH).startswith("Half")


def test_nothing_is_said_without_a_forecast_or_a_variance() -> None:
    made = bulletin((1.0, 2.0, 1.0))
    assert doubt(replace(made, forecast=replace(made.forecast, variance=None)), 0, ENGLISH) == ""
    gone = replace(made.forecast, values=np.full(made.forecast.values.shape, np.nan))
    assert doubt(replace(made, forecast=gone), 0, ENGLISH) == ""


def test_a_bulletin_of_an_older_version_knows_no_estimates() -> None:
    made = bulletin((0.1, 2.0, 0.9), estimated=(1,))
    old = replace(made, summary=replace(made.summary, estimated=None))
    assert doubt(old, 0, ENGLISH) == "Two thirds of the doubt at +3 h is the rain."


def test_both_languages_say_the_same_things() -> None:
    assert TEXT["en"].keys() == TEXT["fr"].keys()
    for key in TEXT["en"]:
        assert TEXT["en"][key].count("{}") == TEXT["fr"][key].count("{}"), key


def test_the_hydrograph_tells_it_to_those_who_cannot_see() -> None:
    made = bulletin((0.1, 2.0, 0.9), estimated=(1,))
    picture = hydrograph(made, "s1", gauges={str(made.layout.series[0, 1]): "Saumane"})
    told = "Two thirds of the doubt at +3 h is the rain; gauge Saumane is estimated."
    assert picture.count(told) == 2, "for those who cannot see the picture, and under it for those who can"
    assert f">{told}</text>" in picture

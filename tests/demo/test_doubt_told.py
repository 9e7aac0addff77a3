"""The account of a demonstration says where the doubt comes from, in both languages; nothing where it is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.demo.account import TEXT, Teller
from hydria_plugin.demo.fictitious import fictitious_case
from hydria_plugin.drawing.words import Words
from tests.drawing.test_doubt import bulletin


@pytest.fixture(scope="module")
def english() -> Teller:
    case = fictitious_case("A", years=0.25)
    sites = (replace(case.sites[0], station="s1"), *case.sites[1:])
    return Teller(replace(case, sites=sites), Words.of("en", "UTC"))


@pytest.fixture(scope="module")
def french(english: Teller) -> Teller:
    return replace(english, words=Words.of("fr", "Europe/Paris"))


def test_the_rain_and_the_gauge_that_is_estimated_are_named(english: Teller, french: Teller) -> None:
    made = bulletin((1.0, 4.0, 1.0), (0,))
    gauge, when = str(made.layout.series[0, 0]), english.when(made.issued_at)
    told = f"Two thirds of the doubt at +3 h is the rain; gauge {gauge} is estimated."
    assert english.doubt(made) == [f"Where the doubt comes from, {when}: {told}"]
    (line,) = french.doubt(made)
    assert line.startswith("D'où vient le doute, ")
    assert line.endswith(f"viennent de la pluie ; le capteur {gauge} est estimé.")


@pytest.mark.parametrize("parts", [(np.nan, np.nan, np.nan), (1.0, np.nan, 1.0)])
def test_what_is_not_known_is_not_told(english: Teller, parts: tuple[float, float, float]) -> None:
    assert english.doubt(bulletin(parts)) == []
    made = bulletin((1.0, 4.0, 1.0))
    assert english.doubt(replace(made, forecast=replace(made.forecast, variance=None))) == []


def test_it_is_the_first_site_that_is_told_of_wherever_it_stands(english: Teller) -> None:
    third = replace(english.case.sites[0], station="s3")
    case = replace(english.case, sites=(third, *english.case.sites[1:]))
    made = bulletin((1.0, 4.0, 1.0))
    gone = made.forecast.values.copy()
    gone[0] = np.nan
    made = replace(made, forecast=replace(made.forecast, values=gone))
    assert english.doubt(made) == []
    assert len(replace(english, case=case).doubt(made)) == 1


def test_both_languages_have_the_line() -> None:
    assert all(said["doubt"].count("{}") == 2 for said in TEXT.values())

"""Rating curves: points and powers, periods of use, and what is no curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from sandre_messages import message

from hydria_plugin import FoundRating
from hydria_sandre.ratings import STEPS, ratings


def curve(pivots: str, kind: int = 0, periods: str = "", station: str = "A123456789") -> str:
    used = f"<PeriodesUtilisationCourbeTarage>{periods}</PeriodesUtilisationCourbeTarage>" if periods else ""
    return (
        f"<CourbesTarage><CourbeTarage><CdCourbeTarage>7</CdCourbeTarage><TypCourbeTarage>{kind}</TypCourbeTarage>"
        f"<CdStationHydro>{station}</CdStationHydro><PivotsCourbeTarage>{pivots}</PivotsCourbeTarage>{used}"
        "</CourbeTarage></CourbesTarage>"
    )


def point(stage: float, flow: float) -> str:
    inside = f"<HtPivotCourbeTarage>{stage}</HtPivotCourbeTarage><QPivotCourbeTarage>{flow}</QPivotCourbeTarage>"
    return f"<PivotCourbeTarage>{inside}</PivotCourbeTarage>"


def power(stage: float, a: float, b: float, h0: float) -> str:
    letters = "".join(
        f"<Var{n}PivotCourbeTarage>{v}</Var{n}PivotCourbeTarage>" for n, v in zip("ABH", (a, b, h0), strict=True)
    )
    return f"<PivotCourbeTarage><HtPivotCourbeTarage>{stage}</HtPivotCourbeTarage>{letters}</PivotCourbeTarage>"


def period(since: str, state: int, tag: str = "DtDeb") -> str:
    begins = f"<{tag}PeriodeUtilisationCourbeTarage>{since}</{tag}PeriodeUtilisationCourbeTarage>"
    state_ = f"<EtatPeriodeUtilisationCourbeTarage>{state}</EtatPeriodeUtilisationCourbeTarage>"
    return f"<PeriodeUtilisationCourbeTarage>{begins}{state_}</PeriodeUtilisationCourbeTarage>"


def read(text: str, unit: str = "") -> tuple[list[FoundRating], list[str]]:
    return ratings(etree.fromstring(message(text)), unit)


def test_points_in_m_and_m3_per_second_in_order() -> None:
    found, said = read(curve(point(300, 3541.3) + point(58.4, 1547.1)))
    assert not said and found[0].station == "A123456789" and np.isnat(found[0].valid_from)
    np.testing.assert_allclose(found[0].points, [(0.0584, 1.5471), (0.3, 3.5413)])


@pytest.mark.parametrize("tag", ["DtDeb", "DtDebut"])
def test_a_curve_for_each_period_of_use(tag: str) -> None:
    states = [(0, "2010"), (4, "2011"), (8, "2012"), (12, "2013")]
    periods = "".join(period(f"{year}-01-01T00:00:00", state, tag) for state, year in states)
    found, _ = read(curve(point(1, 1) + point(2, 2), periods=periods))
    assert [str(f.valid_from) for f in found] == ["2011-01-01T00:00:00", "2012-01-01T00:00:00"]


def test_a_curve_that_is_in_use_at_no_time() -> None:
    found, said = read(curve(point(1, 1) + point(2, 2), periods=period("2010-01-01T00:00:00", 12)))
    assert not found and said == ["rating curve '7' of 'A123456789' is in use at no time"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (curve(""), "has 0 points, which is no curve"),
        (curve(point(1, 1)), "has 1 points, which is no curve"),
        (curve(point(1, 2) + point(2, 1)), "has points that do not rise, or are no numbers"),
        (curve(point(1, 2) + point(1, 3)), "has points that do not rise, or are no numbers"),
        (curve(point(1, -2) + point(2, 3)), "has points that do not rise, or are no numbers"),
        (curve(point(1, 2) + point(2, float("nan"))), "has points that do not rise, or are no numbers"),
        (curve(point(1, 1) + point(2, 2), kind=9), "is of the unknown type 9"),
        (curve(power(1, 1, 1, 0) + power(2, 1, 1, 0), kind=4), "is made of powers A (H - H0)^B: say in which unit"),
        (curve(point(1, 1) + point(2, 2), station=""), "says not whose it is"),
    ],
)
def test_what_is_no_curve_and_why(text: str, why: str) -> None:
    found, said = read(text)
    assert not found and why in said[0]


def test_a_curve_that_is_only_named_is_none() -> None:
    named = "<CourbesTarage><CourbeTarage><CdCourbeTarage>7</CdCourbeTarage></CourbeTarage></CourbesTarage>"
    assert read(named) == ([], [])


@given(st.floats(0.5, 40), st.floats(1.1, 2.5), st.floats(-500, 0), st.sampled_from(["m", "mm"]))
def test_powers(a: float, b: float, h0: float, unit: str) -> None:
    """Every drawn point lies on A (H - H0)^B of the upper pivot, in the unit that was said."""
    found, said = read(curve(power(100, 9, 9, 9) + power(900, a, b, h0) + power(2000, 2 * a, b, h0), kind=4), unit)
    assert not said
    points = np.array(found[0].points)
    assert len(points) == 2 * STEPS + 1 and points[0, 0] == pytest.approx(0.1) and points[-1, 0] == pytest.approx(2)
    height = (points[:, 0] * 1000 - h0) / (1000 if unit == "m" else 1)
    factor = np.where(points[:, 0] > 0.9 + 1e-9, 2 * a, a)
    np.testing.assert_allclose(points[:, 1], factor * height**b, rtol=1e-9)

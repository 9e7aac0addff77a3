"""Lambert 93 by its definition, and back by the textbook's forward formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_sandre.places import degrees, place_of


def forward(latitude: float, longitude: float) -> tuple[float, float]:
    """Written apart from the code: Snyder's conformal conic with two parallels, on GRS 80."""
    a, e = 6378137.0, math.sqrt(0.00669438002290)
    phi, lam = math.radians(latitude), math.radians(longitude)

    def m(p: float) -> float:
        return math.cos(p) / math.sqrt(1 - (e * math.sin(p)) ** 2)

    def t(p: float) -> float:
        s = e * math.sin(p)
        return math.tan(math.pi / 4 - p / 2) / ((1 - s) / (1 + s)) ** (e / 2)

    one, two, origin = (math.radians(d) for d in (49, 44, 46.5))
    n = math.log(m(one) / m(two)) / math.log(t(one) / t(two))
    f = m(one) / (n * t(one) ** n)
    rho, rho0 = a * f * t(phi) ** n, a * f * t(origin) ** n
    angle = n * (lam - math.radians(3))
    return 700_000 + rho * math.sin(angle), 6_600_000 + rho0 - rho * math.cos(angle)


def test_the_origin_is_defined() -> None:
    assert degrees(700_000, 6_600_000) == pytest.approx((46.5, 3.0), abs=1e-12)


@given(st.floats(41.4, 51.1), st.floats(-4.9, 9.6))
def test_all_of_france(latitude: float, longitude: float) -> None:
    assert degrees(*forward(latitude, longitude)) == pytest.approx((latitude, longitude), abs=1e-8)


def test_degrees_as_written() -> None:
    assert place_of(4.35, 43.83, "31") == ((43.83, 4.35), "")


@pytest.mark.parametrize(
    ("x", "y", "projection", "why"),
    [
        (618766, 1781803, "26", "lies outside of Lambert 93"),  # Lambert II under the wrong number, as in real files
        (15, 16, "26", "lies outside of Lambert 93"),
        (714192, 2563916, "5", "projection 5"),
        (1, 2, "", "projection not said"),
        (435, 4383, "31", "are no degrees"),
        (math.nan, 1, "26", ""),
    ],
)
def test_what_is_no_place_and_why(x: float, y: float, projection: str, why: str) -> None:
    place, said = place_of(x, y, projection)
    assert math.isnan(place.latitude) and math.isnan(place.longitude) and said.endswith(why)

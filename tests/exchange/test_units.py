"""Units as hosts spell them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hydria_plugin import UNITS
from hydria_plugin.exchange import factor, known_unit, unit_wanted
from hydria_plugin.testing import sample_layout


@pytest.mark.parametrize(
    ("host", "own", "expected"),
    [
        ("mm", "m", 0.001), ("MM", "cm", 0.1), ("m", "mm", 1000.0), ("l/s", "m3/s", 0.001), ("m³/s", "l/s", 1000.0),
        ("ft", "m", 0.3048), ("ft3/s", "m3/s", 0.028316846592), ("CFS", "l/s", 28.316846592),
        ("m3 / h", "l/s", 1 / 3.6),
    ],
)  # fmt: skip
def test_factors(host: str, own: str, expected: float) -> None:
    assert factor(host, own) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_of_the_house_is_its_own(unit: str) -> None:
    assert factor(unit, unit) == 1.0


@pytest.mark.parametrize(("host", "own"), [("m", "m3/s"), ("l/s", "cm"), ("mm", "m3/s")])
def test_what_measures_something_else_is_refused(host: str, own: str) -> None:
    with pytest.raises(ValueError, match="cannot be given in"):
        factor(host, own)


def test_an_unknown_unit_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'furlong' is not known; allowed: .*l/s"):
        factor("furlong", "m")
    assert known_unit("furlong") is None


def test_the_unit_a_series_is_wanted_in() -> None:
    layout = replace(sample_layout(), units=("cm", "m", "m"))
    assert unit_wanted(layout, "level@s1") == "cm"
    assert unit_wanted(layout, "rain.1@s2") == "mm"
    assert unit_wanted(layout, "level.upstream@s1") == "m"
    assert unit_wanted(layout, "nobody's") == "" == unit_wanted(None, "level@s1")


def test_a_simulation_is_wanted_in_the_unit_of_its_station() -> None:
    layout = replace(sample_layout(slots=1), units=("cm", "m", "mm"), kinds=("simulation",), slots=("simulation.grp",))
    names = layout.series[:, 0].tolist()
    assert [unit_wanted(layout, name) for name in names] == ["cm", "m", "mm"]

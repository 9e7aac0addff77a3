"""Where a site is: coordinates of Sandre to degrees.

Lambert 93 is a conformal conic projection with two standard parallels on the ellipsoid GRS 80; the formulas are those
of every textbook, the constants those of its definition.
"""

from __future__ import annotations

import math
from typing import NamedTuple

LAMBERT_93, WGS_84 = "26", "31"  # nomenclature 22
NOWHERE = (math.nan, math.nan)
A, F = 6378137.0, 1 / 298.257222101  # GRS 80
E = math.sqrt(2 * F - F * F)
SOUTH, NORTH, MIDDLE, MERIDIAN = (math.radians(d) for d in (44.0, 49.0, 46.5, 3.0))
X0, Y0 = 700_000.0, 6_600_000.0
INSIDE = (0.0, 1_300_000.0, 6_000_000.0, 7_200_000.0)  # mainland France and Corsica


class Place(NamedTuple):
    latitude: float
    longitude: float


def place_of(x: float, y: float, projection: str) -> tuple[Place, str]:
    """Degrees, and what is wrong with the coordinates ("" where nothing is)."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return Place(*NOWHERE), ""
    if projection == WGS_84:
        good = abs(x) <= 180 and abs(y) <= 90
        return (Place(y, x), "") if good else (Place(*NOWHERE), f"({x:.10g}, {y:.10g}) are no degrees")
    if projection != LAMBERT_93:
        return Place(*NOWHERE), f"projection {projection or 'not said'}"
    if not (INSIDE[0] <= x <= INSIDE[1] and INSIDE[2] <= y <= INSIDE[3]):
        return Place(*NOWHERE), f"({x:.10g}, {y:.10g}) lies outside of Lambert 93"
    return degrees(x, y), ""


def degrees(x: float, y: float) -> Place:
    """Of Lambert 93 in metres."""
    n, c, pole = cone()
    rho = math.hypot(x - X0, pole - y)
    longitude = MERIDIAN + math.atan2(x - X0, pole - y) / n
    isometric, latitude = math.log(c / rho) / n, MIDDLE
    for _ in range(12):
        sine = E * math.sin(latitude)
        latitude = 2 * math.atan(((1 + sine) / (1 - sine)) ** (E / 2) * math.exp(isometric)) - math.pi / 2
    return Place(math.degrees(latitude), math.degrees(longitude))


def cone() -> tuple[float, float, float]:
    """Exponent, constant, and the pole's ordinate."""
    widths = [normal(p) * math.cos(p) for p in (SOUTH, NORTH)]
    n = math.log(widths[1] / widths[0]) / (isometric_latitude(SOUTH) - isometric_latitude(NORTH))
    c = widths[0] / n * math.exp(n * isometric_latitude(SOUTH))
    return n, c, Y0 + c * math.exp(-n * isometric_latitude(MIDDLE))


def normal(latitude: float) -> float:
    """The ellipsoid's radius across the meridian."""
    return A / math.sqrt(1 - (E * math.sin(latitude)) ** 2)


def isometric_latitude(latitude: float) -> float:
    sine = E * math.sin(latitude)
    return math.log(math.tan(math.pi / 4 + latitude / 2) * ((1 - sine) / (1 + sine)) ** (E / 2))

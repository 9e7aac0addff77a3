"""Rating curves: points in mm and l/s, or powers; with the periods in which they are used."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FoundRating

from .codes import number
from .times import NEVER, instant
from .tree import below, children, text, value

if TYPE_CHECKING:
    from lxml.etree import _Element

POINTS, POWERS = 0, 4  # nomenclature 503
USED = (4, 8)  # nomenclature 504: usable, used; 0 not usable, 12 being worked on
STEPS = 20  # points that a power is drawn with, between two pivots
Curve = tuple[tuple[float, float], ...]


def ratings(root: _Element, power_unit: str) -> tuple[list[FoundRating], list[str]]:
    """Each curve once per period of use, and what there is to say of those that are not taken."""
    found, said = list[FoundRating](), list[str]()
    for element in below(root, "CourbeTarage"):
        code, station = text(element, "CdCourbeTarage"), text(element, "CdStationHydro")
        if not any(True for _ in children(element, "TypCourbeTarage")):
            continue  # only named, by a gauging
        curve, why = curve_of(element, power_unit)
        since = begins(element)
        why = why or ("" if station else "says not whose it is") or ("" if since else "is in use at no time")
        if why:
            said.append(f"rating curve {code!r} of {station!r} {why}")
            continue
        found += [FoundRating(station, time, curve) for time in since]
    return found, said


def curve_of(element: _Element, power_unit: str) -> tuple[Curve, str]:
    """The points in m and m3/s, or why there are none."""
    pivots = [one for group in children(element, "PivotsCourbeTarage") for one in children(group, "PivotCourbeTarage")]
    if len(pivots) < 2:
        return (), f"has {len(pivots)} points, which is no curve"
    kind = number(text(element, "TypCourbeTarage"))
    if kind == POWERS:
        if not power_unit:
            return (), "is made of powers A (H - H0)^B: say in which unit H is, power_curves = 'm' or 'mm'"
        curve = powers(pivots, power_unit)
    elif kind == POINTS:
        curve = sorted((value(p, "HtPivotCourbeTarage") / 1000, value(p, "QPivotCourbeTarage") / 1000) for p in pivots)
    else:
        return (), f"is of the unknown type {kind}"
    return (tuple(curve), "") if rises(curve) else ((), "has points that do not rise, or are no numbers")


def powers(pivots: list[_Element], unit: str) -> list[tuple[float, float]]:
    """Q = A (H - H0)^B in m3/s between two pivots, by the upper one's coefficients."""
    scale = 1000.0 if unit == "m" else 1.0  # stages are written in mm
    ordered = sorted(pivots, key=lambda p: value(p, "HtPivotCourbeTarage"))
    curve: list[tuple[float, float]] = []
    for below_, above in pairwise(ordered):
        low, high = (value(p, "HtPivotCourbeTarage") for p in (below_, above))
        a, b, h0 = (value(above, f"Var{letter}PivotCourbeTarage") for letter in "ABH")
        for stage in np.linspace(low, high, STEPS + 1)[1 if curve else 0 :]:
            curve.append((float(stage) / 1000, powered(a, (float(stage) - h0) / scale, b)))
    return curve


def powered(a: float, height: float, b: float) -> float:
    try:
        found = a * height**b if height >= 0 else math.nan
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return float(found)


def rises(curve: list[tuple[float, float]]) -> bool:
    stages, flows = np.array(curve).T
    whole = np.isfinite(stages).all() and np.isfinite(flows).all() and flows[0] >= 0
    return bool(whole and (np.diff(stages) > 0).all() and (np.diff(flows) >= 0).all())


def begins(element: _Element) -> list[np.datetime64]:
    """When the periods of use begin; never-ending where no period is written."""
    groups = list(children(element, "PeriodesUtilisationCourbeTarage"))
    periods = [one for group in groups for one in children(group, "PeriodeUtilisationCourbeTarage")]
    if not periods:
        return [NEVER.astype("datetime64[s]")]
    used = [p for p in periods if number(text(p, "EtatPeriodeUtilisationCourbeTarage")) in USED]
    tags = ("DtDebPeriodeUtilisationCourbeTarage", "DtDebutPeriodeUtilisationCourbeTarage")
    times = [instant(text(p, *tags)) for p in used]
    return sorted({t.astype("datetime64[s]") for t in times if not np.isnat(t)}, key=str)

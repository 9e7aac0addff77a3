"""Units as hosts spell them, and the unit a series is wanted in.

Inside, a level is in m, a discharge in m3/s and rain in mm per step, but for the target of a station, which is in the
unit that stations.csv names.
"""

from __future__ import annotations

import numpy as np

from ..values import UNITS, UNITS_OF, Layout

FOOT = 0.3048  # m
SPELLINGS: dict[str, tuple[str, float]] = {  # lower case, no blanks -> quantity, in m, m3/s or mm
    **dict.fromkeys(("m", "meter", "metre", "meters", "metres", "mètre", "mètres", "mnap", "m+nap"), ("level", 1.0)),
    **dict.fromkeys(("cm", "centimeter", "centimetre", "centimetres"), ("level", 0.01)),
    **dict.fromkeys(("mm", "millimeter", "millimetre", "millimetres", "millimètres"), ("length", 0.001)),
    **dict.fromkeys(("ft", "foot", "feet"), ("level", FOOT)),
    **dict.fromkeys(("in", "inch", "inches"), ("length", 0.0254)),
    **dict.fromkeys(
        ("m3/s", "m³/s", "m^3/s", "m3.s-1", "m3s-1", "m**3/s", "cms", "cumec", "cumecs", "m3/sec"), ("discharge", 1.0)
    ),
    **dict.fromkeys(("l/s", "l.s-1", "ls-1", "l/sec", "litre/s", "liter/s"), ("discharge", 0.001)),
    **dict.fromkeys(("ft3/s", "ft³/s", "ft^3/s", "cfs"), ("discharge", FOOT**3)),
    **dict.fromkeys(("m3/h", "m³/h", "m^3/h"), ("discharge", 1 / 3600)),
}


def known_unit(spelling: str) -> tuple[str, float] | None:
    """(quantity, factor to m or m3/s); quantity "length" for mm and inches, which may be rain or a level. None where
    the spelling is not known."""
    return SPELLINGS.get("".join(spelling.lower().split()))


def factor(host: str, own: str) -> float:
    """What a value in the host's unit is multiplied with to be in ``own``, a unit of the house. Raises ValueError when
    the two do not measure the same thing, or ``host`` is not known."""
    found = known_unit(host)
    if found is None:
        raise ValueError(f"unit {host!r} is not known; allowed: {', '.join(SPELLINGS)}")
    quantity, to_si = found
    quantity_own = "discharge" if own in UNITS_OF["discharge"] else "level"
    if quantity not in (quantity_own, "length") or (quantity == "length" and quantity_own == "discharge"):
        raise ValueError(f"unit {host!r} measures a {quantity}, which cannot be given in {own!r}")
    return to_si / UNITS[own]


def unit_wanted(layout: Layout | None, series: str) -> str:
    """The unit a series is wanted in: of stations.csv for a target, and for a simulation of one; m, m3/s or mm by its
    kind otherwise; "" where nobody knows (temperature, other) or there is no layout."""
    if layout is None:
        return ""
    if series in layout.targets:
        return layout.units[layout.targets.index(series)]
    kinds = {k for k, column in zip(layout.kinds, layout.series.T, strict=True) if series in column}
    units = {"level": "m", "discharge": "m3/s", "rain": "mm", "pet": "mm"}
    rows, slots = np.nonzero(layout.series == series)
    simulated = (layout.units[row] for row, slot in zip(rows, slots, strict=True) if layout.kinds[slot] == "simulation")
    return next((units[k] for k in sorted(kinds) if k in units), next(simulated, ""))

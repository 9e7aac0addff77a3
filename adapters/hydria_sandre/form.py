"""How files are to be understood: the admin's options, checked once, all faults at once."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from hydria_plugin import ConfigError, Flag, Layout
from hydria_plugin.exchange import factor, known_unit, unit_wanted

from .codes import Trust
from .rows import Stream
from .times import zone_of

UNITS = {"H": "mm", "Q": "l/s", "RR": "mm"}  # of the host, by quantity
INSIDE = {"H": "m", "Q": "m3/s", "RR": "mm"}
SERIES, FORECAST = "{code}.{grandeur}", "{code}.{grandeur}.{modele}"
FIELDS = ("code", "grandeur", "base", "modele")
VALUES = {"moy": "ResMoyPrev", "min": "ResMinPrev", "max": "ResMaxPrev"}
RECEIVED = ("production", "stamp")


@dataclass(frozen=True, slots=True)
class Form:
    """README.md says what each option means."""

    series: str
    forecast: str
    names: Mapping[str, str]
    units: Mapping[str, str]
    csv_units: Mapping[str, str]
    zone: tzinfo
    flags: Mapping[int, Flag]
    forecast_value: str
    received: str

    def series_id(self, stream: Stream) -> str:
        """What the house calls the series."""
        template = self.forecast if stream.model else self.series
        name = template.format(code=stream.code, grandeur=stream.quantity, base=stream.basis or "", modele=stream.model)
        return self.names.get(name, name)

    def unit(self, stream: Stream) -> str:
        """Of the file's values; "" where nobody said."""
        units = self.csv_units if stream.source == "csv" else self.units
        return units.get(stream.quantity, "")

    def factor(self, stream: Stream, layout: Layout | None) -> float:
        """What the file's values are multiplied with. Raises ValueError where the two units do not agree."""
        unit = self.unit(stream)
        return factor(unit, inside_unit(self.series_id(stream), stream, layout)) if unit else 1.0

    def trust(self) -> Trust:
        return Trust(self.flags)

    def pick(self, values: Mapping[str, str]) -> str:
        """The value of a forecast that counts; the middle one is ResMoyPrev or the 50 % of a probabilistic one."""
        if self.forecast_value == "moy":
            return values.get("ResMoyPrev") or values.get("p50", "")
        return values.get(VALUES.get(self.forecast_value, self.forecast_value), "")


def inside_unit(series: str, stream: Stream, layout: Layout | None) -> str:
    """The unit the house wants; a host's model series in that of the station it is an input of."""
    if wanted := unit_wanted(layout, series):
        return wanted
    own = INSIDE[stream.quantity]
    if layout is not None:
        for unit, row in zip(layout.units, layout.series, strict=True):
            if series in row and measures(unit) == measures(own):
                return unit
    return own


def measures(unit: str) -> str:
    return "discharge" if unit in ("m3/s", "l/s") else "level"


def checked(role: str, **options: Any) -> Form:
    """The form that the options describe. Raises ConfigError with every fault."""
    faults = [*_templates(options), *_tables(options), *_words(options)]
    zone = None
    try:
        zone = zone_of(str(options["timezone"]))
    except ValueError:
        faults.append(
            f"timezone = {options['timezone']!r} must be a zone such as 'Europe/Paris', or an offset '+01:00'"
        )
    if faults or zone is None:
        raise ConfigError([f"{role} sandre: {fault}" for fault in faults])
    flags = {int(code): Flag[str(word).upper()] for code, word in (options["flags"] or {}).items()}
    units = {**UNITS, **(options["units"] or {})}
    return Form(
        options["series"], options["forecast"], dict(options["names"] or {}), units,
        {**units, **(options["csv_units"] or {})}, zone, flags, options["forecast_value"], options["received"],
    )  # fmt: skip


def path_faults(path: object, pattern: object) -> list[str]:
    """Faults of where to look."""
    faults = [] if isinstance(path, str) and path else [f"path = {path!r} must be a text: a folder or a file"]
    patterns = [pattern] if isinstance(pattern, str) else pattern
    if not isinstance(patterns, list | tuple) or not patterns or not all(isinstance(p, str) and p for p in patterns):
        faults.append(f"pattern = {pattern!r} must be a text such as '*.xml', or a list of them")
    return faults


def _templates(options: Mapping[str, Any]) -> list[str]:
    faults = []
    for name in ("series", "forecast"):
        template = options[name]
        allowed = f"{name} = {template!r} must be a text with {{code}} and any of {{grandeur}}, {{base}}, {{modele}}"
        try:
            used = {f for _, f, _, _ in string.Formatter().parse(template) if f is not None}
            template.format(**dict.fromkeys(FIELDS, ""))
        except (ValueError, KeyError, IndexError, AttributeError, TypeError):
            faults.append(allowed)
            continue
        if "code" not in used or not used <= set(FIELDS):
            faults.append(allowed)
    return faults


def _tables(options: Mapping[str, Any]) -> list[str]:
    faults = []
    for name in ("names", "units", "csv_units", "flags"):
        if not isinstance(options[name] or {}, Mapping):
            faults.append(f"{name} = {options[name]!r} must be a table")
            continue
        for key, value in (options[name] or {}).items():
            if not _fits(name, key, value):
                faults.append(f"{name}.{key} = {value!r} must be {_ALLOWED[name]}")
    return faults


_ALLOWED = {
    "names": "the id of a series, as text",
    "units": "a unit such as 'mm', 'm', 'l/s' or 'm3/s', of a quantity H, Q or RR",
    "csv_units": "a unit such as 'mm', 'm', 'l/s' or 'm3/s', of a quantity H, Q or RR",
    "flags": "one of good, unknown, suspect, fail, for a quality code such as 12",
}


def _fits(table: str, key: str, value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if table == "flags":
        return key.isdigit() and value.upper() in Flag.__members__
    if table == "names":
        return True
    found = known_unit(value)
    return found is not None and key in UNITS and found[0] in (measures(INSIDE[key]), "length" if key != "Q" else "")


def _words(options: Mapping[str, Any]) -> list[str]:
    faults = []
    value, received = options["forecast_value"], options["received"]
    of_probability = isinstance(value, str) and value[:1] == "p" and value[1:].isdigit() and int(value[1:]) <= 100
    if value not in VALUES and not of_probability:
        faults.append(f"forecast_value = {value!r} must be 'moy', 'min', 'max', or a probability such as 'p50'")
    if received not in RECEIVED:
        faults.append(f"received = {received!r} must be 'production' (DtProd...) or 'stamp' (an archive)")
    return faults


def as_patterns(pattern: str | Sequence[str]) -> tuple[str, ...]:
    return (pattern,) if isinstance(pattern, str) else tuple(pattern)

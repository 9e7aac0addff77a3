"""Which series is which station's level, discharge or forecast: by a template, or by a table of names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from hydria_plugin import UNITS_OF, Layout
from hydria_plugin.exchange import factor, unit_wanted

CODE = "[0-9A-Z]{8}(?:[0-9A-Z]{2})?"  # Sandre: a site has 8 characters, a station 10
QUANTITIES = {"H": "level", "Q": "discharge"}
TENDENCIES = ("min", "moy", "max")  # of a Vigicrues forecast: passed 9 times of 10, half the times, once in 10
USUAL = {"H": "m", "Q": "m3/s"}


class Key(NamedTuple):
    """What the host calls a series. ``tendency`` "" is an observation."""

    code: str
    quantity: str  # H | Q
    tendency: str = ""

    @property
    def is_site(self) -> bool:
        return len(self.code) == 8


class Names:
    """Series by the host's keys. ``template`` holds {code} and {grandeur}, ``forecast`` {tendance} as well; ``names``
    gives single series a name of its own: "V714401001.H" = "anduze"."""

    def __init__(self, template: str, names: Mapping[str, str], forecast: str = "") -> None:
        self._patterns = [pattern_of(t) for t in (template, forecast) if t]
        self._named = {series: parsed(host) for host, series in names.items()}

    def key(self, series: str) -> Key | None:
        """None where the series cannot be of this host."""
        if series in self._named:
            return self._named[series]
        for pattern in self._patterns:
            if found := pattern.fullmatch(series):
                parts = found.groupdict()
                return Key(parts["code"], parts["grandeur"], parts.get("tendance", ""))
        return None


def pattern_of(template: str) -> re.Pattern[str]:
    """The template as a pattern. Raises ValueError."""
    text = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    for name, allowed in (("code", CODE), ("grandeur", "[HQ]"), ("tendance", "|".join(TENDENCIES))):
        text = text.replace(f"{{{name}}}", f"(?P<{name}>{allowed})", 1)
    if (
        "(?P<code>" not in text
        or "(?P<grandeur>" not in text
        or re.search(r"\{(?:code|grandeur|tendance)\}|\{\}", text)
    ):
        raise ValueError(f"{template!r} must hold {{code}} and {{grandeur}}, each once")
    return re.compile(text)


def parsed(host: str) -> Key:
    """``V714401001.H`` or ``K490003010.H.moy``. Raises ValueError."""
    found = re.fullmatch(rf"({CODE})\.([HQ])(?:\.({'|'.join(TENDENCIES)}))?", host)
    if found is None:
        raise ValueError(f"{host!r} is no series of the host; allowed: a code and H or Q, as in 'V714401001.H'")
    return Key(found[1], found[2], found[3] or "")


def faults_of(template: str, names: object, forecast: str = "") -> list[str]:
    """What is wrong with the options ``id``, ``forecast_id`` and ``names``."""
    faults = []
    for option, text in (("id", template), ("forecast_id", forecast)):
        try:
            if text or option == "id":
                pattern_of(text)
        except (ValueError, TypeError, re.error) as error:
            faults.append(f"{option}: {error}")
    if forecast and "{tendance}" not in forecast:
        faults.append(f"forecast_id = {forecast!r} must hold {{tendance}}: {', '.join(TENDENCIES)}")
    if not isinstance(names, Mapping):
        return [*faults, f'names = {names!r} must be a table: "V714401001.H" = "anduze"']
    for host, series in names.items():
        try:
            parsed(str(host))
        except ValueError as error:
            faults.append(f"names: {error}")
        if not isinstance(series, str) or not series:
            faults.append(f"names.{host} = {series!r} must be the id of a series")
    return faults


def unit_of(layout: Layout | None, series: str, key: Key) -> str:
    """The unit the series is given in: as wanted; m and m3/s where nobody says. A series of the host's own forecasts is
    compared with the target of its station, so it comes in that one's unit where that measures the same."""
    wanted = unit_wanted(layout, series)
    if not wanted and layout is not None:
        units = [u for u, row in zip(layout.units, layout.series.tolist(), strict=True) if series in row]
        wanted = next((u for u in units if u in UNITS_OF[QUANTITIES[key.quantity]]), "")
    return wanted or USUAL[key.quantity]


def scale_of(layout: Layout | None, series: str, key: Key, host: Mapping[str, str]) -> tuple[float, str]:
    """(factor, unit) from the host's unit of H or Q. Raises ValueError where the series wants another quantity."""
    unit = unit_of(layout, series, key)
    return factor(host[key.quantity], unit), unit


def misfits(layout: Layout | None, names: Names, host: Mapping[str, str]) -> list[str]:
    """Series of the layout whose unit cannot be had: a discharge named as the target of a station in metres."""
    found = []
    for series in layout.all_series() if layout else ():
        if key := names.key(series):
            try:
                scale_of(layout, series, key, host)
            except ValueError as error:
                found.append(f"series {series!r} is {key.code} {key.quantity}: {error}")
    return found

"""The admin's options, with their defaults, and checked: every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ConfigError, Layout, Secret, Thresholds
from hydria_plugin.drawing import Words

from .cap_rules import FORBIDDEN, is_whole_address
from .composing import TEXT, Style
from .levels import SEVERITIES, Levels

CHOICES = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "scope": ("Public", "Restricted", "Private"),
    "cleared": ("cancel", "update"),
    "category": ("Met", "Env", "Geo", "Safety"),
}
DURATION = re.compile(r"(\d{1,6})(min|h|d)")
SECONDS = {"min": 60, "h": 3600, "d": 86_400}


@dataclass(kw_only=True, repr=False, eq=False)
class CapOptions:
    """The TOML options of the sink, README.md says what each means; the last four and ``folder`` are the house's."""

    path: str
    sender: str
    status: str
    folder: Path | str | None = None
    sender_name: str = ""
    languages: Sequence[str] = ("fr", "en")
    scope: str = "Public"
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    category: str = "Met"
    severity: Mapping[str, str] | None = None
    instruction: Mapping[str, str] | None = None
    cleared: str = "cancel"
    expires: str = ""
    keep: str = "90d"
    areas: str = ""
    radius_km: float = 5.0
    web: str = ""
    contact: str = ""
    reports_address: str = ""
    post: str = ""
    hosts: Sequence[str] = ()
    user: str = ""
    password: Secret | None = None
    token: Secret | None = None
    ca: str = ""
    words: Words | None = None
    layout: Layout | None = None
    places: Mapping[str, tuple[float, float]] | None = None
    thresholds: Thresholds | None = None


def checked(given: Mapping[str, Any]) -> tuple[Style, np.timedelta64 | None, np.timedelta64 | None]:
    """The style, how long a message lasts and how long it is kept (None: by the horizon, for ever). Raises
    ConfigError."""
    wrong = list(_faults(given))
    if wrong:
        raise ConfigError(wrong)
    zone = str(given["words"].zone) if given["words"] else "UTC"
    style = Style(
        **{name: given[name] for name in ("sender", "status", "scope", "restriction", "addresses", "note", "category",
                                          "web", "contact", "cleared", "thresholds")},
        sender_name=given["sender_name"] or given["sender"],
        instruction=given["instruction"] or {},
        tongues=tuple(Words.of(language, zone) for language in given["languages"]),
        levels=Levels(given["severity"] or {}),
    )  # fmt: skip
    return style, duration(given["expires"]), duration(given["keep"])


def duration(text: str) -> np.timedelta64 | None:
    """``90min``, ``12h``, ``30d``; None for "". Raises ValueError."""
    found = DURATION.fullmatch(text)
    if not text:
        return None
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{text!r} is no duration")
    return np.timedelta64(int(found[1]) * SECONDS[found[2]], "s")


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    for name, allowed in CHOICES.items():
        if given[name] not in allowed:
            yield f"sink cap: {name} = {given[name]!r} must be one of {', '.join(allowed)}"
    sender = given["sender"]
    if not isinstance(sender, str) or not sender or any(c in sender for c in FORBIDDEN):
        yield f"sink cap: sender = {sender!r} must be a name without blank, comma, < and &, such as crues@exemple.fr"
    yield from _needed(given)
    yield from _languages(given)
    for threshold, severity in (given["severity"] or {}).items():
        if severity not in SEVERITIES:
            yield f"sink cap: severity of {threshold!r} = {severity!r} must be one of {', '.join(SEVERITIES)}"
    for name in ("expires", "keep"):
        try:
            duration(given[name])
        except (ValueError, TypeError):
            yield f'sink cap: {name} = {given[name]!r} must be a duration such as "12h", or "" for the usual one'
    for name in ("web", "reports_address"):
        if given[name] and not is_whole_address(given[name]):
            yield f"sink cap: {name} = {given[name]!r} must be a whole address such as https://crues.exemple.fr/"
    radius = given["radius_km"]
    if isinstance(radius, bool) or not isinstance(radius, int | float) or not 0 <= radius <= 1000:
        yield f"sink cap: radius_km = {radius!r} must be a number from 0 to 1000"


def _needed(given: Mapping[str, Any]) -> Iterator[str]:
    if given["scope"] == "Restricted" and not given["restriction"]:
        yield 'sink cap: scope = "Restricted" needs a restriction: the rule that limits who receives it'
    if given["scope"] == "Private" and not given["addresses"]:
        yield 'sink cap: scope = "Private" needs addresses: who receives it'
    if given["status"] == "Exercise" and not given["note"]:
        yield 'sink cap: status = "Exercise" needs a note: the name of the exercise'


def _languages(given: Mapping[str, Any]) -> Iterator[str]:
    languages = given["languages"]
    if isinstance(languages, str) or not languages or any(one not in TEXT for one in languages):
        yield f"sink cap: languages = {languages!r} must be a list of {' and '.join(map(repr, TEXT))}, at least one"
    odd = [one for one in given["instruction"] or {} if one not in TEXT]
    if odd:
        yield f"sink cap: instruction in {', '.join(map(repr, odd))}; allowed: {', '.join(TEXT)}"

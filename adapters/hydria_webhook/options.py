"""The admin's options, checked: every fault at once, no secret in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hydria_plugin import ConfigError
from hydria_plugin.drawing import Words
from hydria_plugin.exchange import web_address

from .signing import key_of

MODES = ("standard", "alertmanager")
LANGUAGES = ("en", "fr")
DURATION = re.compile(r"([1-9]\d{0,5})(min|h|d)")
SECONDS = {"min": 60, "h": 3600, "d": 86_400}
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
OWN = ("alertname", "pipeline", "station", "threshold")
MOST_SECRETS = 2


def checked(given: Mapping[str, Any]) -> tuple[tuple[bytes, ...], np.timedelta64 | None, tuple[Words, ...]]:
    """The keys, how long an alert lasts (None: one horizon) and the languages. Raises ConfigError."""
    wrong = [*_faults(given), *_labels(given), *given["access"].faults()]
    keys: list[bytes] = []
    for number, secret in enumerate(given["secrets"], 1):
        try:
            keys.append(key_of(secret))
        except ValueError as error:
            wrong.append(f"sink webhook: secret {number} of secrets {error}")
    if wrong:
        raise ConfigError(wrong)
    zone = str(given["words"].zone) if given["words"] else "UTC"
    found = DURATION.fullmatch(given["lasts"])
    lasts = np.timedelta64(int(found[1]) * SECONDS[found[2]], "s") if found else None
    return tuple(keys), lasts, tuple(Words.of(language, zone) for language in given["languages"])


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    try:
        web_address(given["url"])
    except ValueError as error:
        yield f"sink webhook: url: {error}"
    if given["mode"] not in MODES:
        yield f"sink webhook: mode = {given['mode']!r} must be {' or '.join(map(repr, MODES))}"
    elif given["mode"] == "standard" and not 1 <= len(given["secrets"]) <= MOST_SECRETS:
        yield (
            f"sink webhook: secrets holds {len(given['secrets'])}; allowed: one, or two while a receiver changes "
            'from the old one to the new one: secrets = ["${HYDRIA_WEBHOOK}"]'
        )
    elif given["mode"] == "alertmanager" and given["secrets"]:
        yield "sink webhook: secrets are for messages; Alertmanager knows user and password, or token"
    languages = given["languages"]
    if isinstance(languages, str) or not languages or any(one not in LANGUAGES for one in languages):
        yield f"sink webhook: languages = {languages!r} must be a list of {' and '.join(map(repr, LANGUAGES))}"
    if given["lasts"] and not DURATION.fullmatch(given["lasts"]):
        yield f'sink webhook: lasts = {given["lasts"]!r} must be a duration such as "6h", or "" for one horizon'
    timeout = given["timeout_s"]
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 60:
        yield f"sink webhook: timeout_s = {timeout!r} must be above 0 and at most 60"


def _labels(given: Mapping[str, Any]) -> Iterator[str]:
    for name in given["labels"] or {}:
        if not LABEL.fullmatch(name) or name in OWN:
            yield (f"sink webhook: {name!r} cannot be a label; allowed: letters, digits and _, "
                   f"none of {', '.join(OWN)}")  # fmt: skip

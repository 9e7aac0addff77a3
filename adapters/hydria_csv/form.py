"""How the files look: the admin's options, checked once, all faults at once."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from hydria_plugin import ConfigError, Flag

# What loggers and data bases write for "no value".
NO_VALUE = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "-", "--", "---", "#N/A")
TIME_FORMATS = ("ISO8601", "unix", "unix_ms")


@dataclass(frozen=True, slots=True)
class Form:
    """How to read a file. ``separator``, ``decimal`` and ``encoding`` are "auto" or fixed."""

    time: str = "time"
    timezone: str = "UTC"
    time_format: str = "ISO8601"
    separator: str = "auto"
    decimal: str = "auto"
    encoding: str = "auto"
    series: str = "series"
    value: str = "value"
    flag: str = "flag"
    received_at: str = "received_at"
    issued_at: str = "issued_at"
    member: str = "member"
    id: str = "{column}"
    columns: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, float] = field(default_factory=dict)
    missing: Sequence[str | float] = ()
    flags: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def zone(self) -> tzinfo:
        return zone(self.timezone)

    @property
    def no_value_words(self) -> list[str]:
        """Texts that mean "no value"; a number among ``missing`` is also known by its own spelling."""
        return [*NO_VALUE, *(str(m) for m in self.missing)]

    @property
    def no_value_numbers(self) -> list[float]:
        return [float(m) for m in self.missing if not isinstance(m, str)]

    @property
    def flag_numbers(self) -> dict[str, int]:
        """Text of a flag -> Flag."""
        known = {str(int(f)): int(f) for f in Flag} | {f.name.lower(): int(f) for f in Flag}
        return {"": int(Flag.GOOD)} | known | {k: known[str(v).lower()] for k, v in self.flags.items()}

    def factor(self, column: str, series: str) -> float:
        """What values are multiplied by: ``scale`` may name the column or the series."""
        return float(self.scale.get(column, self.scale.get(series, 1.0)))

    def series_id(self, column: str, file: str) -> str:
        """The series a column (or a name in the series column) of ``file`` holds."""
        return self.names.get(column) or self.id.format(column=column, file=file)


def zone(name: str) -> tzinfo:
    """``Europe/Paris``, ``UTC`` or a fixed offset such as ``+01:00``. Raises ValueError."""
    if fixed := re.fullmatch(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d\d))?", name):
        sign, hours, minutes = fixed.groups()
        return timezone((1 if sign == "+" else -1) * timedelta(hours=int(hours), minutes=int(minutes or 0)))
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as cause:  # a folder, a wrong path, an unknown name
        raise ValueError(f"{name!r} is not a time zone") from cause


def duration(text: str) -> timedelta:
    """``90s``, ``10min``, ``6h``, ``30d``. Raises ValueError."""
    if not (found := re.fullmatch(r"(\d{1,7})\s*(s|min|h|d)", text.strip())):
        raise ValueError(f"{text!r} is not a duration")
    names = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}
    return timedelta(**{names[found[2]]: int(found[1])})


def checked(other_faults: Sequence[str] = (), **options: Any) -> Form:
    """The form the options describe. Raises ConfigError with every fault, and ``other_faults``."""
    faults = [*other_faults, *(_wrong_types(options) or _wrong_values(Form(**options)))]
    if faults:
        raise ConfigError([f"source csv: {fault}" for fault in faults])
    return Form(**options)


_TYPES: Mapping[str, tuple[type, str]] = {
    "columns": (list, "a list of column names"),
    "missing": (list, "a list of numbers and texts"),
    "names": (dict, "a table: column = series"),
    "scale": (dict, "a table: column = factor"),
    "flags": (dict, "a table: text = good | unknown | suspect | fail | missing"),
}


def _wrong_types(options: Mapping[str, Any]) -> list[str]:
    faults = []
    for f in fields(Form):
        wanted, text = _TYPES.get(f.name, (str, "a text"))
        value = options.get(f.name)
        if isinstance(value, tuple):
            value = list(value)
        if value is not None and not isinstance(value, wanted):
            faults.append(f"{f.name} = {value!r} must be {text}")
    return faults


def _wrong_values(form: Form) -> list[str]:
    faults = [f"scale.{c} = {v!r} must be a number other than 0" for c, v in form.scale.items() if not _is_factor(v)]
    faults += [f"names.{c} = {v!r} must be the id of a series" for c, v in form.names.items() if not _is_name(v)]
    faults += [f"columns: {c!r} must be a text" for c in form.columns if not isinstance(c, str)]
    faults += [
        f"missing: {m!r} must be a number or a text" for m in form.missing if not isinstance(m, str | int | float)
    ]
    allowed = {str(int(f)) for f in Flag} | {f.name.lower() for f in Flag}
    for text, flag in form.flags.items():
        if str(flag).lower() not in allowed:
            faults.append(f"flags.{text} = {flag!r} must be one of good, unknown, suspect, fail, missing")
    return [*faults, *_wrong_words(form)]


def _wrong_words(form: Form) -> list[str]:
    faults = []
    if form.decimal not in ("auto", ".", ","):
        faults.append(f"decimal = {form.decimal!r} must be '.', ',' or 'auto'")
    if form.separator != "auto" and (len(form.separator) != 1 or form.separator in '"\n\r'):
        faults.append(f"separator = {form.separator!r} must be one character or 'auto'")
    if form.separator == form.decimal != "auto":
        faults.append(f"separator and decimal are both {form.decimal!r}: they must differ")
    if form.columns and form.time not in form.columns:
        faults.append(f"columns = {list(form.columns)!r} must hold the time column {form.time!r}")
    faults += _refused(form)
    return faults


def _refused(form: Form) -> list[str]:
    """Options that Python itself must understand: zone, encoding, template."""
    faults = []
    try:
        zone(form.timezone)
    except ValueError:
        faults.append(f"timezone = {form.timezone!r} must be a zone such as 'Europe/Paris', or an offset '+01:00'")
    try:
        codecs.lookup(form.encoding if form.encoding != "auto" else "utf-8")
    except (LookupError, ValueError):
        faults.append(f"encoding = {form.encoding!r} must be an encoding such as 'utf-8' or 'iso-8859-1', or 'auto'")
    if form.time_format not in TIME_FORMATS and not _is_format(form.time_format):
        faults.append(
            f"time_format = {form.time_format!r} must be ISO8601, unix, unix_ms or a format as '%d/%m/%Y %H:%M'"
        )
    try:
        form.id.format(column="", file="")
    except (KeyError, ValueError, IndexError, AttributeError):
        faults.append(f"id = {form.id!r} may hold {{column}} and {{file}} only")
    return faults


def _is_factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0 and isfinite(value)


def _is_format(text: str) -> bool:
    """A time can be written and read in it."""
    try:
        datetime.strptime(datetime(2020, 1, 2, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007 (only tried)
    except (ValueError, re.error):
        return False
    return "%" in text


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""

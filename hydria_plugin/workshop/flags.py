"""A person's flags of a configuration: set, listed, withdrawn. One writer at a time."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from ..config import Settings, read_config
from ..errors import ConfigError
from ..manual_flags import AS, HEAD, NEVER, ManualFlag, read_flags, read_rows, write_flags
from .times import now, utc


def add_flag(
    config: Path, series: str, first: np.datetime64, last: np.datetime64 | None, as_: str, reason: str, author: str
) -> dict[str, str]:
    """Set one; its line. Raises ConfigError for what is unknown or makes no sense."""
    settings = read_config(config)
    check_series(settings, series)
    if as_ not in AS:
        raise ConfigError(f"--as: {as_!r} is no verdict; allowed: {', '.join(AS)}")
    if last is not None and last < first:
        raise ConfigError(f"--to: {utc(last)} is before --from {utc(first)}; allowed: that time or a later one")
    if not reason.strip():
        raise ConfigError("--reason: '' says nothing; allowed: a sentence for those who read it later")
    with FileLock(f"{settings.flags}.lock"):
        flags = read_flags(settings.flags)
        number = max((flag.id for flag in flags), default=0) + 1
        until, at = NEVER if last is None else last, now().astype("datetime64[s]")
        flag = ManualFlag(number, series, first, until, as_, reason.strip(), author, at)
        write_flags(settings.flags, (*flags, flag))
    return facts(flag)


def flags_in(config: Path, every: bool) -> list[dict[str, str]]:
    """Those in force, or all that ever were. Raises ConfigError."""
    return [facts(flag) for flag in read_flags(read_config(config).flags) if every or flag.holds(None)]


def wrong_flags(settings: Settings) -> Iterator[str]:
    """A line for each row of the file that is no flag, and for each flag in force that flags nothing."""
    try:
        found, faults = read_rows(settings.flags)
    except ConfigError as error:
        found, faults = (), list(error.faults)
    yield from faults
    for flag in found:
        try:
            if flag.holds(None):
                check_series(settings, flag.series)
        except ConfigError as error:
            yield f"{settings.flags.name}: flag {flag.id}: {error}"


def take_back(config: Path, number: int, author: str) -> dict[str, str]:
    """Withdraw one. Raises ConfigError where it is not in force."""
    settings = read_config(config)
    with FileLock(f"{settings.flags}.lock"):
        flags = read_flags(settings.flags)
        held = {flag.id: flag for flag in flags if flag.holds(None)}
        if number not in held:
            allowed = ", ".join(map(str, held)) or "none is set"
            raise ConfigError(f"flag {number} is not in force in {settings.flags.name}; allowed: {allowed}")
        taken = replace(held[number], withdrawn_at=now().astype("datetime64[s]"), withdrawn_by=author)
        write_flags(settings.flags, [taken if flag.id == number else flag for flag in flags])
    return facts(taken)


def check_series(settings: Settings, series: str) -> None:
    known = sorted({name for p in settings.pipelines.values() for name in p.layout.all_series()})
    if series not in known:
        near = difflib.get_close_matches(series, known, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigError(f"series {series!r} is in no pipeline{hint}; allowed: {', '.join(known[:20])}")


def facts(flag: ManualFlag) -> dict[str, str]:
    """JSON-able, by the names of the file."""
    times = (flag.first, flag.last, flag.set_at, flag.withdrawn_at)
    first, last, set_at, withdrawn = ("" if np.isnat(t) else utc(t) for t in times)
    cells = (
        flag.id,
        flag.series,
        first,
        last,
        flag.as_,
        flag.reason,
        flag.author,
        set_at,
        withdrawn,
        flag.withdrawn_by,
    )
    return dict(zip(HEAD, map(str, cells), strict=True))

"""``hydria demo``: a complete small platform in a folder, trained, and a flood replayed through the real host."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..drawing import hydrograph
from ..drawing.words import Words
from ..errors import ConfigError
from ..roles import Step
from ..standing import Thresholds
from ..values import Bulletin, Reason
from .account import Teller
from .findings import Warned, silences, warned
from .platform import PIPELINE, THRESHOLDS, Case, stamp, write_platform
from .replaying import replay
from .zones import Zones, explain_zones

__all__ = ["run"]

TIMEZONE = "Europe/Paris"
NEW = "a folder that is new or empty, where one may be written"


def run(
    folder: Path,
    *,
    basin: str = "simulated",
    language: str = "en",
    as_json: bool = False,
    echo: Callable[[str], None] = print,
    case: Case | None = None,
    rain: Path | None = None,
) -> int:
    """Write, train, replay, tell. ``folder`` must be new or empty. ``case``: another one than the basin's, for tests.
    ``rain``: a CSV of hourly rain that drives a fictitious basin.
    Raises ConfigError for a basin that there is not or a folder that holds something."""
    check_asked(folder, language)
    case = case or make_case(basin, rain)
    teller = Teller(case, Words.of(language, TIMEZONE))
    say: Callable[[str], None] = (lambda line: None) if as_json else echo
    make_folder(folder)
    config = write_platform(folder, case, language)
    _introduce(say, teller, folder)
    outcomes = _train(config, case)
    for outcome in outcomes:
        say(teller.say("trained", outcome["forecaster"], outcome["why"]))
    bulletins: list[Bulletin] = []
    ledger = _replay(say, teller, config, bulletins)
    picture = draw(case, bulletins, language)
    (folder / "hydrograph.svg").write_text(picture, encoding="utf-8")
    found = warned(case, bulletins, THRESHOLDS[language])
    say("")
    record = case.to_read
    if record.shares:
        say(teller.say("reading", record.days))
    zones = explain_zones(folder, record, language)
    _conclude(say, teller, folder, found, bulletins, ledger, zones)
    if as_json:
        told = facts(folder, case, outcomes, bulletins, ledger, found)
        echo(json.dumps(told | {"knox": zones.facts() if zones else None}))
    return 0


def check_asked(folder: Path, language: str) -> None:
    """Nothing of anybody's is overwritten. Raises ConfigError."""
    if language not in THRESHOLDS:
        raise ConfigError(f"--language: {language!r} is not allowed; allowed: {', '.join(THRESHOLDS)}")
    try:
        wrong = "" if not folder.exists() else "is a file" if not folder.is_dir() else "is not empty"
        if wrong == "is a file" or (wrong and any(folder.iterdir())):
            raise ConfigError(f"DIR: {str(folder)!r} {wrong}; allowed: {NEW}")
    except (OSError, ValueError) as cause:  # NUL in it is a ValueError
        raise ConfigError(f"DIR: {str(folder)!r} cannot be read ({cause}); allowed: {NEW}") from cause


def make_folder(folder: Path) -> None:
    """Before the long work. Raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:
        raise ConfigError(f"DIR: {str(folder)!r} cannot be made ({cause}); allowed: {NEW}") from cause


def basins() -> tuple[str, ...]:
    """The names that --basin takes."""
    from ..learning.basin_cases import cases

    return ("simulated", "cance", *cases())


def make_case(basin: str, rain: Path | None = None) -> Case:
    """The case by name. Raises ConfigError for another name, or where it needs a package that is not installed."""
    allowed = basins()
    if basin not in (*allowed, "fictitious"):
        raise ConfigError(f"--basin: {basin!r} is not allowed; allowed: {', '.join(allowed)}")
    if rain is not None and basin not in allowed[2:]:
        raise ConfigError(f"--rain: {basin!r} cannot be driven by it; allowed with --basin {', '.join(allowed[2:])}")
    if basin in allowed[2:]:
        from .fictitious import fictitious_case

        return fictitious_case(basin, rain)
    if basin == "cance":
        from .cance import cance_case

        return cance_case()
    from .simulated import demonstration_case

    return demonstration_case()


def _introduce(say: Callable[[str], None], teller: Teller, folder: Path) -> None:
    case = teller.case
    record = case.times[case.first] - case.times[0]
    say(teller.say("begin", case.basin, folder))
    say(teller.say("written", teller.span(record), case.label.split(":")[0], case.first))
    first, last = case.times[case.first_trained], case.times[case.first - 1]
    say(teller.say("training", teller.words.moment(first), teller.words.moment(last)))


def _train(config: Path, case: Case) -> list[dict[str, Any]]:
    """As the command does, on what lies before the flood."""
    from ..workshop import Progress, train_pipelines

    first, last = case.times[case.first_trained], case.times[case.first - 1]
    found = train_pipelines(config, first, last, progress=Progress("training"))
    return [{"forecaster": o.name, "why": o.why, "version": o.version} for outcomes in found.values() for o in outcomes]


def _replay(say: Callable[[str], None], teller: Teller, config: Path, bulletins: list[Bulletin]) -> tuple[Step, ...]:
    case = teller.case
    say("")
    say(teller.say("replay", teller.words.day(case.times[case.first]), case.last - case.first + 1))
    say(teller.head())

    def told(bulletin: Bulletin) -> None:
        bulletins.append(bulletin)
        say(teller.line(bulletin))

    return replay(config, case, told)


def _conclude(
    say: Callable[[str], None],
    teller: Teller,
    folder: Path,
    found: Sequence[Warned],
    bulletins: Sequence[Bulletin],
    ledger: Sequence[Step],
    zones: Zones | None,
) -> None:
    states = [step.state for step in ledger]
    counts = [states.count(state) for state in ("issued", "degraded", "failed")]
    case = teller.case
    week = case.times[max(case.first - 7 * 24, 0)]
    for line in (
        "",
        *teller.verdicts(found),
        *teller.doubt(most_telling(bulletins, case.sites[0].station)),
        *teller.gauges(silences(case)),
        *teller.zones(zones),
        "",
        teller.say("ledger", len(ledger), *counts, sum(b.revision > 0 for b in bulletins)),
        teller.say("look", folder),
        teller.say("next", folder, stamp(week), stamp(case.times[case.last])),
    ):
        say(line)


def draw(case: Case, bulletins: Sequence[Bulletin], language: str) -> str:
    """The hydrograph of the account's station at the step that announced most, with what came afterwards."""
    site = case.sites[0]
    shown = most_telling(bulletins, site.station)
    now = case.first + int((shown.issued_at - case.times[case.first]) / (case.times[1] - case.times[0]))
    past, ahead = slice(now - shown.layout.past, now + 1), slice(now + 1, now + 1 + shown.layout.horizon)
    names = THRESHOLDS[language]
    limits = np.array([s.limits for s in case.sites], dtype=float)
    return hydrograph(
        shown,
        site.station,
        thresholds=Thresholds(names, limits),
        rain=case.rain(past),
        truth=(case.times[ahead], case.truth[site.station][ahead]),
        language=language,
        timezone=TIMEZONE,
    )


def most_telling(bulletins: Sequence[Bulletin], station: str) -> Bulletin:
    """The one whose news names the highest threshold, the first such; else the one in the middle."""
    up = (Reason.FIRST, Reason.HIGHER)
    telling = [
        (alert.rank, -i, bulletin)
        for i, bulletin in enumerate(bulletins)
        for alert in bulletin.alerts
        if alert.station == station and alert.reason in up
    ]
    return max(telling, key=lambda x: x[:2])[2] if telling else bulletins[len(bulletins) // 2]


def facts(
    folder: Path,
    case: Case,
    outcomes: Sequence[dict[str, Any]],
    bulletins: Sequence[Bulletin],
    ledger: Sequence[Step],
    found: Sequence[Warned],
) -> dict[str, Any]:
    """For machines."""
    return {
        "exit": 0,
        "folder": str(folder),
        "config": str(folder / "hydria.toml"),
        "picture": str(folder / "hydrograph.svg"),
        "pipeline": PIPELINE,
        "basin": case.basin,
        "trained": list(outcomes),
        "steps": [{"issued_at": stamp(s.issued_at), "state": s.state, "reason": s.reason} for s in ledger],
        "revisions": sum(b.revision > 0 for b in bulletins),
        "thresholds": [
            {
                "station": w.station,
                "threshold": w.rank,
                "limit": w.limit,
                "announced_at": None if np.isnat(w.announced_at) else stamp(w.announced_at),
                "crossed_at": None if np.isnat(w.crossed_at) else stamp(w.crossed_at),
            }
            for w in found
        ],
    }

"""Every plug-in that a pipeline names, built once for a trial."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..plugins import Registry
from ..roles import ForecastCorrector, InputCorrector
from ..sources import LayoutOfSome
from ..standing import Thresholds
from ..values import Layout
from .desk import Desk
from .places import Key, listed, meant, quoted
from .plugging import Part, Trial
from .settings import Choice


def try_plugins(
    desk: Desk,
    registry: Registry,
    layout: Layout | None,
    thresholds: Thresholds | None,
    sources: Mapping[str, Choice],
    sinks: Mapping[str, Choice],
    parts: list[Part],
) -> None:
    """Build every part; what fails is a fault, what is built can be probed."""
    trial = Trial(desk.file, registry, trial_given(desk, layout, thresholds))
    for i, choice in enumerate(sources.values()):
        theirs = replace(trial, given={**trial.given, "layout": layout_of_one(layout, choice, len(sources))})
        theirs.build("source", choice.use, choice.options, desk.source_key(i))
    for i, choice in enumerate(sinks.values()):
        trial.build("sink", choice.use, choice.options, desk.key("sinks", i))
    try_forecasters(desk, trial)
    try_correctors(desk, trial)
    for i, name in enumerate(desk.table.explainers):
        key = options_key(desk, "explainer", name, ("explainers", i))
        trial.build("explainer", name, desk.table.explainer.get(name, {}), key)
    check_tables(desk, trial)
    parts += trial.parts


def layout_of_one(layout: Layout | None, choice: Choice, many: int) -> Layout | None:
    """What a source is given: one of several is asked for its own series only."""
    return layout if layout is None or many == 1 else LayoutOfSome.of(layout, choice.series)


def trial_given(desk: Desk, layout: Layout | None, thresholds: Thresholds | None) -> dict[str, Any]:
    """What the house gives to factories: the same names as at run time."""
    return {
        "folder": desk.file.path.parent,
        "layout": layout,
        "thresholds": thresholds,
        "rng": np.random.default_rng(0),
        "clock": lambda: np.datetime64(time.time_ns() // 1000, "us"),
        "shelf": None,
        "options": desk.table.forecaster,
    }


def options_key(desk: Desk, table: str, name: str, listed_at: Key) -> Key:
    """Where to point for a plug-in's fault: to its table of options, or to where it is named."""
    return desk.key(table, name) if name in getattr(desk.table, table) else desk.key(*listed_at)


def try_forecasters(desk: Desk, trial: Trial) -> None:
    """The ladder, and the members that its forecasters name."""
    fit = {name: table_fits(desk, trial, name) for name in desk.table.forecaster}
    for i, name in enumerate(desk.table.forecasters or []):
        options = desk.table.forecaster.get(name, {})
        if takes_members(trial, name) and not all(fit.values()):
            continue  # its members cannot be built
        known = trial.known("forecaster", name, desk.key("forecasters", i))
        if known and members_known(desk, trial, name, options):
            trial.build("forecaster", name, options, options_key(desk, "forecaster", name, ("forecasters", i)))
    for i, challenger in enumerate(desk.table.shadow):
        name = challenger.partition("@")[0]
        if name not in (desk.table.forecasters or []) and trial.known("forecaster", name, desk.key("shadow", i)):
            trial.build("forecaster", name, desk.table.forecaster.get(name, {}), desk.key("shadow", i))


def table_fits(desk: Desk, trial: Trial, name: str) -> bool:
    """Is the forecaster of an option table installed, and does it take these options?"""
    key = desk.key("forecaster", name)
    return trial.known("forecaster", name, key) and trial.options_fit(
        "forecaster", name, desk.table.forecaster[name], key
    )


def takes_members(trial: Trial, name: str) -> bool:
    offer = trial.registry.offers.get(("forecaster", name))
    return offer is not None and "members" in offer.parameters()


def members_known(desk: Desk, trial: Trial, name: str, options: Mapping[str, Any]) -> bool:
    """Are the forecasters under ``of`` installed, and do they take their options?"""
    named = options.get("of")
    if named is None:
        return True
    key = desk.key("forecaster", name, "of")
    if not isinstance(named, list) or not named or not all(isinstance(member, str) for member in named):
        desk.file.refuse(key, "is no list of forecasters", "a list of forecaster names, at least one")
        return False
    fine = [trial.known("forecaster", member, (*key, i)) for i, member in enumerate(named)]
    return all(fine)


def try_correctors(desk: Desk, trial: Trial) -> None:
    """The correctors, each in the list of what it can do."""
    can = {"correct_inputs": (InputCorrector, "inputs"), "correct_forecast": (ForecastCorrector, "forecasts")}
    for field, (role, what) in can.items():
        for i, name in enumerate(getattr(desk.table, field)):
            key = options_key(desk, "corrector", name, (field, i))
            built = trial.build("corrector", name, desk.table.corrector.get(name, {}), key)
            if built is not None and not isinstance(built, role):
                desk.refuse((field, i), f"does not correct {what}", listed(that_can(trial.registry, field)))


def that_can(registry: Registry, power: str) -> tuple[str, ...]:
    """The installed correctors whose class has the method ``power``."""
    offers = [offer for (role, _), offer in sorted(registry.offers.items()) if role == "corrector"]
    return tuple(o.name for o in offers if o.state() == "ready" and hasattr(o.factory, power))


def check_tables(desk: Desk, trial: Trial) -> None:
    """Option tables of plug-ins that nobody asked for: a fault where unknown, a warning where unused."""
    used = {
        "forecaster": (*challenged(desk), *named_members(desk, trial)),
        "corrector": (*desk.table.correct_inputs, *desk.table.correct_forecast),
        "explainer": tuple(desk.table.explainers),
    }
    for role, names in used.items():
        for name in getattr(desk.table, role):
            if name in names:
                continue
            if not trial.known(role, name, desk.key(role, name)):
                continue
            trial.options_fit(role, name, getattr(desk.table, role)[name], desk.key(role, name))
            near = f"{meant(name, names)}" if names else ""
            desk.warn(f"the options of {role} {quoted(name)} are not used{near}; in use: {listed(names)}")


def challenged(desk: Desk) -> tuple[str, ...]:
    """The ladder and its challengers."""
    return (*(desk.table.forecasters or []), *(name.partition("@")[0] for name in desk.table.shadow))


def named_members(desk: Desk, trial: Trial) -> tuple[str, ...]:
    """The members of every forecaster in the ladder that takes some: those named, or all installed."""
    found: list[str] = []
    for name in challenged(desk):
        if takes_members(trial, name):
            named = desk.table.forecaster.get(name, {}).get("of")
            found += named if isinstance(named, list) else trial.registry.names("forecaster")
    return tuple(found)

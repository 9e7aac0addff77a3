"""Plug-ins by name: are they installed, do they take these options, do they build?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import HydriaError, PluginError
from ..offers import Offer
from ..plugins import Registry
from ..roles import Explainer, ForecastCorrector, Forecaster, Importer, InputCorrector, Sink, Source, Trainable
from ..secret import HIDDEN
from ..values import Layout
from .places import Key, listed, meant, quoted
from .toml_file import TomlFile
from .variables import VARIABLE

WORKS_AS: Mapping[str, tuple[type, ...]] = {
    "source": (Source,),
    "sink": (Sink,),
    "forecaster": (Forecaster,),
    "corrector": (InputCorrector, ForecastCorrector),
    "explainer": (Explainer,),
    "importer": (Importer,),
}


@dataclass(frozen=True)
class Part:
    """A plug-in that was built for a trial, to be probed."""

    place: str
    role: str
    name: str
    built: Any


@dataclass
class Trial:
    """Builds every plug-in that the configuration names, and notes what goes wrong."""

    file: TomlFile
    registry: Registry
    given: Mapping[str, Any]
    parts: list[Part] = field(default_factory=list)

    def known(self, role: str, name: str, key: Key) -> bool:
        """Is it installed and whole? A fault at ``key`` otherwise."""
        try:
            self.registry.offer(role, name)
            return True
        except PluginError as error:
            broken = (role, name) in self.registry.offers or any(row.name == name for row in self.registry.problems)
            installed = self.registry.names(role)
            what = str(error) if broken else f"{quoted(name)} is no installed {role}{meant(name, installed)}"
            self.file.faults.add(self.file.place(*key), what, listed(installed, 40))
        return False

    def options_fit(self, role: str, name: str, options: Mapping[str, Any], key: Key) -> bool:
        """Does the factory take these options, and has it all it needs? A fault per option otherwise."""
        offer = self.registry.offer(role, name)
        open_secrets = [o for o in offer.secrets() if o in options and self.is_open(o, key)]
        takes = listed(offer.options(), 40)
        unknown = [o for o in options if o not in offer.options()]
        missing = [o for o in offer.required() if o not in options]
        for option in unknown:
            near = meant(option, offer.options())
            what = f"{role} {name!r} takes no option {option!r}{near}"
            self.file.faults.add(self.file.place(*key, option), what, takes)
        for option in missing:
            written = quoted(self.file.as_written(*key) or {})
            what = f"{role} {name!r} needs the option {option!r}, which is missing in {written}"
            self.file.faults.add(self.file.place(*key), what, takes)
        return not unknown and not missing and not open_secrets

    def is_open(self, option: str, key: Key) -> bool:
        """Is a secret written out in the file? A fault, in which it is not shown again."""
        written = self.file.as_written(*key, option)
        texts = [text for text in (written if isinstance(written, list) else [written]) if isinstance(text, str)]
        seen = [text for text in texts if not VARIABLE.search(text)]
        for text in seen:
            self.file.faults.conceal(text, HIDDEN)
        if seen:
            allowed = '"${NAME}": an environment variable NAME, or NAME_FILE with the path of a file that holds it'
            self.file.faults.add(self.file.place(*key, option), "is a secret, and written out in the file", allowed)
        return bool(seen)

    def build(self, role: str, name: str, options: Mapping[str, Any], key: Key) -> Any | None:
        """The built part; None, and a fault at ``key``, where it is unknown or refuses its options."""
        if not self.known(role, name, key) or not self.options_fit(role, name, options, key):
            return None
        if self.given.get("layout") is None and must_have(self.registry.offer(role, name), "layout"):
            return None  # the stations are at fault already
        try:
            if role == "forecaster":
                built: Any = build_forecaster(self.registry, name, self.given["options"], self.given)
            else:
                built = self.registry.build(role, name, options, self.given)
        except Exception as error:  # third-party code: whatever it raises is the admin's to see, on one line
            said = str(error) if isinstance(error, HydriaError) else f"{type(error).__name__}: {error}"
            written = self.file.as_written(*key)
            self.file.faults.add(self.file.place(*key), f"{quoted(written) if written is not None else name!r}: {said}")
            return None
        if lacking := lacks(role, built):
            offer, place = self.registry.offer(role, name), self.file.place(*key)
            what = f"{role} {name!r} of {offer.package} {offer.version} cannot be used: it has no method {lacking}"
            self.file.faults.add(place, what)
            return None
        self.parts.append(Part(self.file.place(*key), role, name, built))
        return built


def lacks(role: str, built: object) -> str:
    """The method that a part of this role needs and has not; of several that would do, all."""
    ways = [name for way in WORKS_AS.get(role, ()) for name in vars(way) if not name.startswith("_")]
    return "" if not ways or any(callable(getattr(built, way, None)) for way in ways) else " or ".join(ways)


def must_have(offer: Offer, parameter: str) -> bool:
    """Does the factory name ``parameter`` and give it no default?"""
    found = inspect.signature(offer.factory).parameters.get(parameter)
    return found is not None and found.default is inspect.Parameter.empty


def build_forecaster(
    registry: Registry, name: str, options: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> Forecaster:
    """The forecaster ``name`` with its options, and with its members built first where it takes some."""
    house = dict(given)
    if "members" in registry.offer("forecaster", name).parameters():
        house["members"] = build_members(registry, name, options, given)
    built: Forecaster = registry.build("forecaster", name, options.get(name, {}), house)
    return built


def build_members(
    registry: Registry, name: str, options: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, Forecaster]:
    """The members of a blend: those of its option ``of``, or every installed trainable forecaster and persistence."""
    named = options.get(name, {}).get("of")
    if named is None:
        return default_members(registry, options, given)
    trail = (*given.get("trail", ()), name)
    for member in named:
        if member in trail:
            raise PluginError(f"forecaster {name!r} cannot have {member!r} among its members: it would hold itself")
    return {member: build_forecaster(registry, member, options, {**given, "trail": trail}) for member in named}


def default_members(
    registry: Registry, options: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, Forecaster]:
    """Every installed forecaster that learns from a record and is no blend itself, and persistence. One that says
    ``by_default = False`` is for who names it; one that says a number enters up to so many stations. What it says in
    ``in_a_blend`` are the options it takes here, unless the admin gives others."""
    found: dict[str, Forecaster] = {}
    for name in registry.names("forecaster"):
        offer = registry.offer("forecaster", name)
        if "members" in offer.parameters() or any(o not in options.get(name, {}) for o in offer.required()):
            continue  # one that needs options nobody gave is not meant
        own = {**getattr(offer.factory, "in_a_blend", {}), **options.get(name, {})}
        built = registry.build("forecaster", name, own, given)
        if name == "persistence" or (isinstance(built, Trainable) and by_default(built, given.get("layout"))):
            found[name] = built
    return found


def by_default(forecaster: object, layout: Layout | None) -> bool:
    """Does it enter a blend that names no members, for as many stations as ``layout`` has?"""
    most: bool | int = getattr(forecaster, "by_default", True)
    return most if isinstance(most, bool) else layout is not None and len(layout.stations) <= most

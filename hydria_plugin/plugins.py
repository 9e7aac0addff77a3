"""Load plug-ins one by one, refuse doubles, build roles by name and options.

pluggy's own loader lets one broken package stop the start and skips a taken name in silence; both are mended here:
a broken plug-in is a line in ``Registry.problems``, fatal only where the configuration names it.
"""

from __future__ import annotations

import difflib
import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from . import hookspecs
from .errors import PluginError
from .offers import Offer, hidden

logger = logging.getLogger("hydria.plugins")

ROLES = {
    "source": "hydria_sources",
    "sink": "hydria_sinks",
    "forecaster": "hydria_forecasters",
    "corrector": "hydria_correctors",
    "explainer": "hydria_explainers",
    "store": "hydria_stores",
    "importer": "hydria_importers",
}
BUILT_IN = ("forecasters", "correctors", "explainers", "stores")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of ``hydria plugins``."""

    name: str
    role: str
    package: str
    version: str
    state: str  # ready, or what is wrong


@dataclass
class Registry:
    """What is installed. Built once at start by :func:`load_plugins`."""

    manager: pluggy.PluginManager
    offers: dict[tuple[str, str], Offer] = field(default_factory=dict)
    problems: list[Row] = field(default_factory=list)

    def names(self, role: str) -> tuple[str, ...]:
        """Sorted names on offer for a role."""
        return tuple(sorted(name for kind, name in self.offers if kind == role))

    def offer(self, role: str, name: str) -> Offer:
        """The offer, or PluginError: broken, double, without its libraries, not installed (with the names that are)."""
        bad = [r for r in self.problems if r.name == name and r.role in (role, "plugin", "")]
        if bad:
            raise PluginError(f"{role} {name!r} of {bad[0].package} {bad[0].version} cannot be used: {bad[0].state}")
        if (role, name) not in self.offers:
            installed = self.names(role)
            near = difflib.get_close_matches(name, installed, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise PluginError(f"no {role} named {name!r}{hint}; installed: {', '.join(installed) or 'none'}")
        found = self.offers[role, name]
        if (state := found.state()) != "ready":
            raise PluginError(f"{role} {name!r} {state}")
        return found

    def options(self, role: str, name: str) -> tuple[str, ...]:
        return self.offer(role, name).options()

    def check_options(self, role: str, name: str, options: Mapping[str, Any]) -> tuple[str, ...]:
        """One sentence per unknown or missing option, and per one of another kind than is wanted."""
        offer = self.offer(role, name)
        takes = ", ".join(offer.options()) or "none"
        unknown = [
            f"{role} {name!r} takes no option {o!r}; it takes: {takes}" for o in options if o not in offer.options()
        ]
        missing = [f"{role} {name!r} needs the option {o!r}" for o in offer.required() if o not in options]
        told = [offer.kind_fault(o, value) for o, value in options.items() if o in offer.options()]
        return (*unknown, *missing, *(f"{role} {name!r}: {fault}" for fault in told if fault))

    def build(self, role: str, name: str, options: Mapping[str, Any], given: Mapping[str, Any] | None = None) -> Any:
        """Call the factory with the admin's options and whatever of ``given`` its signature names."""
        offer = self.offer(role, name)
        if faults := self.check_options(role, name, options):
            raise PluginError("; ".join(faults))
        house = {k: v for k, v in (given or {}).items() if k in offer.parameters() and k in offer.given()}
        try:
            return offer.factory(**house, **{k: hidden(v) if k in offer.secrets() else v for k, v in options.items()})
        except (TypeError, ValueError) as cause:
            raise PluginError(
                f"{role} {name!r} ({offer.package} {offer.version}) refused its options: {cause}"
            ) from cause

    def listing(self) -> tuple[Row, ...]:
        """Everything found, the broken included."""
        rows = [Row(o.name, o.role, o.package, o.version, o.state()) for o in self.offers.values()]
        return tuple(sorted([*rows, *self.problems], key=lambda r: (r.role, r.name, r.package)))

    def announce(self, hook: str, **facts: Any) -> None:
        """Tell every listener; one that raises is logged and does not silence the next."""
        for listener in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                listener.function(**{name: facts[name] for name in listener.argnames if name in facts})
            except Exception:
                logger.exception("listener failed hook=%s plugin=%s", hook, listener.plugin_name)

    def refuse(self, name: str, role: str, package: str, version: str, why: str) -> None:
        logger.warning("plug-in refused name=%s package=%s version=%s why=%s", name, package, version, why)
        self.problems.append(Row(name, role, package, version, why))


def load_plugins(extra: Sequence[object] = (), points: Sequence[EntryPoint] | None = None) -> Registry:
    """Built-ins, then installed packages (entry-point group ``hydria``), then ``extra`` plug-in objects."""
    manager = pluggy.PluginManager("hydria")
    manager.add_hookspecs(hookspecs)
    registry = Registry(manager)
    for room in BUILT_IN:
        module = importlib.import_module(f"{__package__}.{room}")
        enter(registry, module, f"hydria.{room}", "hydria-plugin", own_version())
    for point in sorted(entry_points(group="hydria") if points is None else points, key=lambda p: (p.name, p.value)):
        load_point(registry, point)
    for i, plugin in enumerate(extra):
        enter(registry, plugin, getattr(plugin, "__name__", f"extra.{i}"), "given by the host program", "")
    return registry


def load_point(registry: Registry, point: EntryPoint) -> None:
    package, version = (point.dist.name, point.dist.version) if point.dist else ("?", "?")
    try:
        module = point.load()
    except BaseException as error:  # a package may do anything at import, SystemExit included
        if isinstance(error, KeyboardInterrupt):
            raise
        registry.refuse(point.name, "plugin", package, version, f"cannot be imported: {describe(error)}")
        return
    enter(registry, module, point.name, package, version)


def enter(registry: Registry, plugin: object, name: str, package: str, version: str) -> None:
    """Register one plug-in and take in what it offers, each name once; entry points may be called alike."""
    manager = registry.manager
    if (loaded := manager.get_name(plugin)) is not None:
        registry.refuse(name, "plugin", package, version, f"it is loaded already, as {loaded!r}")
        return
    try:
        manager.register(plugin, f"{name} of {package}" if manager.has_plugin(name) else name)
    except Exception as error:
        registry.refuse(name, "plugin", package, version, f"cannot be registered: {describe(error)}")
        return
    tell_of_no_hooks(registry, plugin, name, package, version)
    for role, hook in ROLES.items():
        for impl in getattr(registry.manager.hook, hook).get_hookimpls():
            if impl.plugin is plugin:
                take_offers(registry, role, impl.function, name, package, version)


def tell_of_no_hooks(registry: Registry, plugin: object, name: str, package: str, version: str) -> None:
    """A function marked @hookimpl that nobody calls, and a plug-in without any: else passed over in silence."""
    callers = registry.manager.get_hookcallers(plugin) or []
    known = [hook for hook in vars(hookspecs) if hook.startswith("hydria_")]
    for caller in callers:
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, known, 1)
            meant = f"; did you mean {near[0]!r}?" if near else f"; hooks: {', '.join(known)}"
            registry.refuse(caller.name, "plugin", package, version, f"is no hook of hydria{meant}")
    if not callers:
        registry.refuse(name, "plugin", package, version, "it has no hook: no function marked @hookimpl")


def take_offers(
    registry: Registry, role: str, offered: Callable[[], Any], plugin: str, package: str, version: str
) -> None:
    try:
        factories = dict(offered())
    except Exception as error:
        registry.refuse(plugin, role, package, version, f"its {ROLES[role]} hook failed: {describe(error)}")
        return
    for name, factory in factories.items():
        taken = registry.offers.get((role, name))
        if not callable(factory):
            registry.refuse(name, role, package, version, f"offers {type(factory).__name__} instead of a factory")
        elif taken is None:
            registry.offers[role, name] = Offer(role, name, factory, package, version)
        else:
            double(registry, taken, package, version)


def double(registry: Registry, taken: Offer, package: str, version: str) -> None:
    """A name offered twice: nobody may have it but the house itself, whose names stand."""
    why = f"the {taken.role} name {taken.name!r} is offered by {taken.package} and by {package}: uninstall one"
    if taken.package == "hydria-plugin":
        logger.warning("plug-in refused name=%s package=%s why=%s", taken.name, package, why)
        registry.problems.append(Row(f"{taken.name} ({package})", taken.role, package, version, why))
        return
    registry.refuse(taken.name, taken.role, package, version, why)
    registry.refuse(taken.name, taken.role, taken.package, taken.version, why)
    del registry.offers[taken.role, taken.name]


def describe(error: BaseException) -> str:
    """One line: what kind of error, and what it says."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def own_version() -> str:
    from . import __version__

    return __version__

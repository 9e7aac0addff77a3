"""Plug-in loading: one broken or double-named package stops nothing unless the config names it."""

from __future__ import annotations

import re
import types
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hydria_plugin import Later, PluginError, hookimpl
from hydria_plugin.plugins import ROLES, Registry, describe, load_plugins


class Mean:
    def __init__(self, *, steps: int = 24, rng: object = None) -> None:
        self.steps, self.rng = steps, rng


def plugin(role: str = "forecaster", name: str = "mean", factory: object = Mean, module: str = "third") -> object:
    made = types.ModuleType(module)

    def offers() -> dict[str, object]:
        return {name: factory}

    setattr(made, ROLES[role], hookimpl(offers))
    return made


OFFERS = "from hydria_plugin import hookimpl\n@hookimpl\ndef hydria_forecasters():\n    return {'%s': dict}\n"


def only(*plugins: object) -> Registry:
    return load_plugins(plugins, points=())


def test_built_ins_enter_by_the_same_door() -> None:
    registry = load_plugins(points=())
    assert "persistence" in registry.names("forecaster")
    assert {"sqlite", "postgresql", "memory"} <= set(registry.names("store"))
    assert not registry.problems


def test_build_gives_options_and_what_the_house_gives() -> None:
    made = only(plugin()).build("forecaster", "mean", {"steps": 3}, {"rng": 7, "clock": 8})
    assert (made.steps, made.rng) == (3, 7)


def test_unknown_name_says_what_is_installed_and_what_was_meant() -> None:
    with pytest.raises(PluginError, match=r"no forecaster named 'maen' \(did you mean 'mean'\?\); installed: .*mean"):
        only(plugin()).build("forecaster", "maen", {})


def test_unknown_option_says_what_it_takes() -> None:
    with pytest.raises(PluginError, match="forecaster 'mean' takes no option 'stepz'; it takes: steps"):
        only(plugin()).build("forecaster", "mean", {"stepz": 3})


def test_what_the_house_gives_is_no_option() -> None:
    with pytest.raises(PluginError, match="takes no option 'rng'"):
        only(plugin()).build("forecaster", "mean", {"rng": 3})


def test_missing_option_is_named() -> None:
    def needy(*, path: str) -> object:
        return path

    with pytest.raises(PluginError, match="source 'needy' needs the option 'path'"):
        only(plugin("source", "needy", needy)).build("source", "needy", {})


def test_refused_value_names_plugin_and_package() -> None:
    def picky(*, n: int) -> object:
        raise ValueError(f"n must be positive, not {n}")

    with pytest.raises(PluginError, match=r"sink 'picky' .* refused its options: n must be positive, not -1"):
        only(plugin("sink", "picky", picky)).build("sink", "picky", {"n": -1})


def test_double_name_between_third_parties_is_refused_for_both() -> None:
    registry = only(plugin(module="one"), plugin(module="two"))
    assert "mean" not in registry.names("forecaster")
    with pytest.raises(PluginError, match=r"offered by .* and by"):
        registry.build("forecaster", "mean", {})


def test_a_third_party_cannot_take_a_name_of_the_house() -> None:
    registry = only(plugin(name="persistence"))
    assert registry.offer("forecaster", "persistence").package == "hydria-plugin"
    assert [r.name for r in registry.problems] == ["persistence (given by the host program)"]


@pytest.mark.parametrize("offered, usable", [(("alpha", "beta"), ("alpha", "beta")), (("alpha", "alpha"), ())])
def test_two_packages_with_one_entry_point_name_are_two_plug_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: tuple[str, ...], usable: tuple[str, ...]
) -> None:
    """What counts is what they offer."""
    modules = [f"hydrology_{n}_{len(usable)}" for n in range(2)]
    for module, name in zip(modules, offered, strict=True):
        (tmp_path / f"{module}.py").write_text(OFFERS % name)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = load_plugins(points=[EntryPoint("csv", module, "hydria") for module in modules])
    assert tuple(n for n in registry.names("forecaster") if n in offered) == usable


def test_what_is_given_by_the_host_program_and_installed_as_well_is_one_plug_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hydria_gauges.py").write_text(OFFERS % "mean")
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("gauges", "hydria_gauges", "hydria")
    registry = load_plugins([point.load()], points=[point])
    assert "mean" in registry.names("forecaster")
    assert [(r.name, r.state) for r in registry.problems] == [("hydria_gauges", "it is loaded already, as 'gauges'")]


def test_a_hook_that_raises_is_a_line_not_an_end() -> None:
    broken = types.ModuleType("broken")

    def offers() -> dict[str, object]:
        raise RuntimeError("no GPU")

    broken.hydria_forecasters = hookimpl(offers)  # type: ignore[attr-defined]
    registry = only(broken, plugin())
    assert "mean" in registry.names("forecaster")
    assert any("no GPU" in r.state for r in registry.problems)


def test_an_offer_that_is_no_factory_is_refused() -> None:
    registry = only(plugin(factory=3))
    with pytest.raises(PluginError, match="offers int instead of a factory"):
        registry.build("forecaster", "mean", {})


def test_misspelt_hook_is_refused_not_ignored() -> None:
    bad = types.ModuleType("bad")
    bad.hydria_forecasters = hookimpl(lambda wrong: {})  # type: ignore[attr-defined]
    registry = only(bad)
    assert any(r.name == "bad" and "cannot be registered" in r.state for r in registry.problems)


def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> EntryPoint:
    (tmp_path / "hydria_thing.py").write_text(body)
    monkeypatch.syspath_prepend(str(tmp_path))
    return EntryPoint("thing", "hydria_thing", "hydria")


@pytest.mark.parametrize("body", ["import nowhere_to_be_found", "raise SystemExit(3)", "1 / 0", "def ("])
def test_a_package_that_fails_at_import_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    registry = load_plugins(points=[entry(tmp_path, monkeypatch, body)])
    assert [r.name for r in registry.problems] == ["thing"]
    assert "cannot be imported" in registry.problems[0].state
    assert "persistence" in registry.names("forecaster")


def test_a_broken_plugin_is_fatal_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = load_plugins(points=[entry(tmp_path, monkeypatch, "1 / 0")])
    with pytest.raises(PluginError, match="cannot be imported: ZeroDivisionError"):
        registry.build("forecaster", "thing", {})


def test_announce_goes_on_after_a_listener_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    class Loud:
        @hookimpl
        def hydria_bulletin_issued(self, bulletin: str) -> None:
            raise RuntimeError("loud")

    class Quiet:
        @hookimpl
        def hydria_bulletin_issued(self, bulletin: str) -> None:
            heard.append(bulletin)

    registry = only(Quiet(), Loud(), Quiet())
    registry.announce("hydria_bulletin_issued", bulletin="b1")
    assert heard == ["b1", "b1"]
    assert "listener failed" in caplog.text


def test_a_listener_may_take_fewer_facts() -> None:
    class Terse:
        @hookimpl
        def hydria_cycle_failed(self, pipeline: str) -> None:
            self.heard = pipeline

    terse = Terse()
    only(terse).announce("hydria_cycle_failed", pipeline="gardons", issued_at=None, error=None)
    assert terse.heard == "gardons"


def test_listing_names_package_version_and_state() -> None:
    rows = {(r.role, r.name): r for r in only(plugin()).listing()}
    assert rows["forecaster", "mean"].state == "ready"
    assert rows["forecaster", "persistence"].package == "hydria-plugin"


def test_one_whose_libraries_are_not_there_is_listed_with_the_remedy_and_not_built() -> None:
    registry = only(plugin("source", "tide", Later("no_such_module.tide", "Tide", ("no_such_a",), "third[tide]")))
    told = "needs no_such_a, not installed here: pip install 'third[tide]'"
    assert [row.state for row in registry.listing() if row.name == "tide"] == [told]
    assert registry.offers["source", "tide"].package_name == "no_such_module"
    for asked in (registry.build, registry.check_options):
        with pytest.raises(PluginError, match=rf"^source 'tide' {re.escape(told)}$"):
            asked("source", "tide", {})


def test_describe_is_one_line() -> None:
    assert describe(ValueError("a\n  b")) == "ValueError: a b"
    assert describe(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_a_function_that_nobody_calls_is_told_with_what_was_meant() -> None:
    mistyped = plugin()
    mistyped.hydria_forecaster = hookimpl(lambda: {"lost": Mean})  # type: ignore[attr-defined]
    mistyped.wait_for_it = hookimpl(lambda: None)  # type: ignore[attr-defined]
    registry = only(mistyped)
    told = {row.name: row.state for row in registry.problems}
    assert told["hydria_forecaster"] == "is no hook of hydria; did you mean 'hydria_forecasters'?"
    assert told["wait_for_it"].startswith("is no hook of hydria; hooks: hydria_sources, ")
    assert registry.build("forecaster", "mean", {}).steps == 24, "the rest of the plug-in stands"


def test_a_plug_in_without_hooks_is_told() -> None:
    (row,) = only(types.ModuleType("empty")).problems
    assert (row.name, row.state) == ("empty", "it has no hook: no function marked @hookimpl")

"""The ten-minute adapter of adapters/README.md is executed as it stands there."""

from __future__ import annotations

import inspect
import sys
import types
from pathlib import Path

from csv_feeds import asked

from hydria_plugin.testing import check_source

README = Path(__file__).resolve().parents[2] / "adapters" / "README.md"


def blocks(language: str) -> list[str]:
    return [b.split("\n", 1)[1] for b in README.read_text().split("```")[1::2] if b.startswith(language)]


def test_the_whole_plug_in_keeps_its_promises(monkeypatch) -> None:
    plugin, test = blocks("python")
    module = types.ModuleType("hydria_tide")
    exec(compile(plugin, str(README), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "hydria_tide", module)
    wanted = asked(["tide", "a"], "2020-02-01", "2020-02-01T06:00")
    exec(compile(test, str(README), "exec"), {"wanted": wanted})  # check_source of the README
    table = module.hydria_sources()["tide"](amplitude=2.0).read(wanted)
    assert len(table) == 37 and table["value"].abs().max() <= 2.0
    check_source(module.Tide(), asked(["a"], "2020-02-01", "2020-02-01T06:00"))
    assert list(inspect.signature(module.Tide).parameters) == ["series", "amplitude"]


def test_it_says_how_to_register() -> None:
    import tomllib

    (text,) = blocks("toml")
    assert tomllib.loads(text)["project"]["entry-points"]["hydria"] == {"tide": "hydria_tide"}

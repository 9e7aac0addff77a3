"""What the plug-in offers, what it costs to look at it, and a sample that loads."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import hydria_sensorthings
from hydria_plugin import Importer, Secret, Sink, Source
from hydria_plugin.plugins import load_plugins

HERE = Path(hydria_sensorthings.__file__).parent
POINT = EntryPoint(name="sensorthings", value="hydria_sensorthings", group="hydria")
ADDRESS = {"sensorthings": "https://sta.example/v1.1", "mqtt": "mqtts://broker.example"}


@pytest.mark.parametrize(
    ("role", "name", "kind"),
    [("source", "sensorthings", Source), ("sink", "sensorthings", Sink), ("sink", "mqtt", Sink),
     ("importer", "sensorthings", Importer)],
)  # fmt: skip
def test_each_offer_builds_without_network_and_hides_its_secrets(role: str, name: str, kind: type) -> None:
    registry = load_plugins(points=[POINT])
    made = registry.build(role, name, {"url": ADDRESS[name], "user": "u", "password": "canary-1"})
    assert isinstance(made, kind)
    assert "password" in registry.offer(role, name).secrets()
    assert isinstance(Secret("x"), Secret) and "canary-1" not in f"{made!r} {vars(made)}"


def test_every_option_stands_in_the_readme() -> None:
    text = (HERE / "README.md").read_text()
    registry = load_plugins(points=[POINT])
    for role, name in (
        ("source", "sensorthings"),
        ("sink", "sensorthings"),
        ("sink", "mqtt"),
        ("importer", "sensorthings"),
    ):
        for option in registry.options(role, name):
            assert f"`{option}`" in text, f"README.md does not say what {option} of {role} {name} means"


def test_the_sample_loads() -> None:
    registry = load_plugins(points=[POINT])
    pipeline = tomllib.loads((HERE / "sample.toml").read_text())["pipelines"]["example"]
    for role, table in [("source", pipeline["source"]), *(("sink", sink) for sink in pipeline["sinks"])]:
        options = {key: value for key, value in table.items() if key != "use"}
        registry.build(role, table["use"], options)


def test_looking_at_it_imports_nothing_heavy() -> None:
    code = (
        "from importlib.metadata import EntryPoint\nfrom hydria_plugin.plugins import load_plugins\n"
        "load_plugins(points=[EntryPoint(name='s', value='hydria_sensorthings', group='hydria')])\nimport sys\n"
        "print([m for m in ('httpx', 'paho', 'pandas', 'hydria_sensorthings.source') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    plain = code.replace("points=[EntryPoint(name='s', value='hydria_sensorthings', group='hydria')]", "points=[]")
    before = subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, check=True)
    assert done.stdout == before.stdout

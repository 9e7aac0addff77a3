"""Options of every adapter that an admin may have got wrong: built, or refused in the house's own words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydria_plugin import ConfigError, PluginError
from hydria_plugin.plugins import load_plugins
from hydria_plugin.testing import sample_layout

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
WHOLE: dict[tuple[str, str], dict[str, Any]] = {  # role, name -> options with which it can be built
    ("source", "csv"): {"path": "feeds", "delivered": {"ready": ".done", "done": "done"}, "scale": {"a": 0.001}},
    ("sink", "csv"): {"path": "out", "keep": "30d"},
    ("source", "fews"): {"path": "in", "names": {"A/H": "a"}},
    ("sink", "fews"): {"path": "out", "parameters": {"level": "H.fc"}},
    ("importer", "fews"): {"path": "in"},
    ("source", "fews-rest"): {"url": "https://fews.example/rest/fewspiservice/v1", "hosts": ["a.example"]},
    ("sink", "fews-rest"): {"url": "https://fews.example/rest/fewspiservice/v1", "parts": ["quantiles"]},
    ("source", "sandre"): {"path": "drop", "units": {"H": "m"}, "flags": {"12": "fail"}},
    ("sink", "sandre"): {"path": "out", "sender": "1520", "contact": "26", "model": "hydria"},
    ("importer", "sandre"): {"path": "drop", "natures": [22], "bands": {"jaune": [25, 48]}},
    ("source", "hubeau"): {"names": {"V714401001.H": "a"}},
    ("source", "vigicrues"): {"names": {"V714401001.H": "a"}},
    ("importer", "hubeau"): {"departments": ["30"]},
    ("source", "sensorthings"): {"url": "https://sta.example.org/v1.1", "shift": {"a": "1h"}, "forecasts": ["* sim"]},
    ("sink", "sensorthings"): {"url": "https://sta.example.org/v1.1", "things": {"a": 1}},
    ("importer", "sensorthings"): {"url": "https://sta.example.org/v1.1"},
    ("source", "mqtt"): {"url": "mqtt://b.example.org", "feeds": [{"topic": "a/+", "series": "{1}", "value": "v"}]},
    ("sink", "mqtt"): {"url": "mqtts://b.example.org", "status": "hydria/status"},
    ("source", "sql"): {"database": "sqlite:///p.db", "table": "t", "units": {"level": "mm"}, "names": {"17": "a"}},
    ("sink", "sql"): {"database": "sqlite:///p.db", "quantiles": {"p10": 0.1}, "alert_columns": {"event": "e"}},
    ("importer", "sql"): {"database": "sqlite:///p.db", "columns": {"stations": {"station": "code"}}},
    ("sink", "cap"): {"path": "cap", "sender": "a@b.fr", "status": "Test", "severity": {"red": "Severe"}},
    ("sink", "webhook"): {"url": "https://h.example/x", "secrets": [SECRET], "labels": {"a": "b"}},
    ("sink", "mail"): {"path": "mail", "server": "smtp", "sender": "a@b.fr", "recipients": [{"to": ["c@d.fr"]}]},
}
NASTY: tuple[Any, ...] = (
    "", " ", "x", "x\n\r\0y", "é\u202e\U0001f30a", "../..", "a" * 5000, "12", "-1", "NaN", "9999999999d", "{",
    "{nobody}",
    "{station.__class__}", "%s", "sftp://", "http://[::1", "https://a b/", "http://h:99999/", "file:///etc/passwd", 0,
    -1, 1, 2**70, 0.5, float("nan"), float("inf"), True, False, [], [[]], [1, "a"], ["a", "a"], {}, {"a": 1},
    {"a": "b"}, {"": ""}, {"a": {"b": []}}, [{"a": 1}], [{}],
)  # fmt: skip
MODULES = ("csv", "fews", "sandre", "hubeau", "sensorthings", "sql", "cap", "webhook", "mail")
REGISTRY = load_plugins(points=[EntryPoint(n, f"hydria_{n}", "hydria") for n in MODULES])


def changed(options: dict[str, Any], known: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """One to three options with a value that is seldom right; a part of a table or list at times."""
    made = dict(options)
    for _ in range(int(rng.integers(1, 4))):
        name, value = known[int(rng.integers(len(known)))], NASTY[int(rng.integers(len(NASTY)))]
        inner = made.get(name)
        if isinstance(inner, dict) and inner and rng.random() < 0.5:
            value = {**inner, next(iter(inner)): value}
        elif isinstance(inner, list) and inner and rng.random() < 0.5:
            value = [value, *inner[1:]]
        made[name] = value
    return made


def check_options(role: str, name: str, count: int, seed: int) -> int:
    """How many were refused: by the house, which knows what kind an option is, or by the adapter, which knows more."""
    rng, refused = np.random.default_rng(seed), 0
    names = REGISTRY.options(role, name)
    for _ in range(count):
        options = changed(WHOLE[role, name], names, rng)
        begun = time.process_time()
        try:
            REGISTRY.build(role, name, options, given())
        except (ConfigError, PluginError) as error:
            refused += 1
            assert not isinstance(error.__cause__, TypeError | ValueError), f"{error}, for {options!r}"
            assert str(error).strip() and SECRET[6:] not in str(error) and "Traceback" not in str(error)
        except Exception as error:
            raise AssertionError(f"{role} {name}: {type(error).__name__}: {error}, for {options!r}") from error
        assert time.process_time() - begun < 1, options
    return refused


def given() -> dict[str, Any]:
    """What the house gives."""
    layout = sample_layout()
    return {
        "folder": Path("nowhere"),
        "layout": replace(layout, targets=("A123456701.H", "A123456702.H", "A123456703.H")),
    }


def test_what_is_broken_here_is_built_when_whole() -> None:
    for (role, name), options in WHOLE.items():
        assert REGISTRY.build(role, name, options, given())


def test_no_part_of_an_adapter_is_forgotten() -> None:
    offered = {(offer.role, offer.name) for offer in REGISTRY.offers.values() if offer.package != "hydria-plugin"}
    assert offered == set(WHOLE)


@pytest.mark.parametrize("count", [150, pytest.param(2_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("role", "name"), WHOLE)
def test_wrong_options_are_refused_in_words(role: str, name: str, count: int) -> None:
    assert check_options(role, name, count, seed=count) > count // 3

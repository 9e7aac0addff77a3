"""Parts of plug-ins that are built and cannot work: told at the start, not in the night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hydria_plugin import ConfigError, hookimpl
from hydria_plugin.config import read_config
from hydria_plugin.config.plugging import WORKS_AS, lacks
from hydria_plugin.plugins import ROLES, load_plugins
from tests.site_files import TOML, write_site


class Hollow:
    """Offers itself for every role and can do nothing."""

    @hookimpl
    def hydria_sources(self) -> dict[str, Any]:
        return {"hollow": Hollow}

    hydria_sinks = hydria_forecasters = hydria_correctors = hydria_explainers = hydria_sources


PLACES = {
    "source": ('source = { use = "csv", path = "feeds", time = "time_utc" }', 'source = { use = "hollow" }', "read"),
    "sink": ('sinks = [{ use = "csv", path = "out" }]', 'sinks = [{ use = "hollow" }]', "write"),
    "forecaster": ('["ridge", "persistence"]', '["hollow", "persistence"]', "forecast"),
    "corrector": ('delay = "3min"', 'correct_inputs = ["hollow"]', "correct_inputs or correct_forecast"),
    "explainer": ('delay = "3min"', 'explainers = ["hollow"]', "explain"),
}


@pytest.mark.parametrize("role", PLACES)
def test_a_part_without_its_method_is_a_fault_of_the_configuration(tmp_path: Path, role: str) -> None:
    old, new, method = PLACES[role]
    assert old in TOML
    config = write_site(tmp_path, {"hydria.toml": TOML.replace(old, new)})
    with pytest.raises(ConfigError) as caught:
        read_config(config, environ={}, registry=load_plugins([Hollow()]))
    (told,) = caught.value.faults
    assert told.startswith("hydria.toml:") and told.endswith(
        f"{role} 'hollow' of given by the host program cannot be used: it has no method {method}"
    )


METHODS = {
    "source": ["read"],
    "sink": ["write"],
    "forecaster": ["forecast"],
    "corrector": ["correct_inputs", "correct_forecast"],
    "explainer": ["explain"],
    "importer": ["survey"],
}


def test_what_offers_the_method_lacks_nothing() -> None:
    for role, ways in METHODS.items():
        for way in ways:
            assert lacks(role, type("Able", (), {way: lambda self: None})()) == ""
        assert lacks(role, type("Vain", (), dict.fromkeys(ways, 3))()) == " or ".join(ways), "no function"
    assert METHODS.keys() == WORKS_AS.keys() == ROLES.keys() - {"store"}, "a store is opened by its address"

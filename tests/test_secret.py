"""A secret is seen by nobody it was not meant for."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from hydria_plugin import PluginError, Secret, hookimpl
from hydria_plugin.config import examine
from hydria_plugin.plugins import load_plugins

CANARY = "canary-5b1e"


def test_no_way_of_writing_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(CANARY)
    logging.getLogger("hydria.test").warning("told %s %r", secret, [secret])
    shown = [f"{secret}", f"{secret!r:>5}", f"{[secret]}", f"{ {'a': secret} }", "%s" % secret, caplog.text]  # noqa: UP031
    assert not any(CANARY in text for text in shown)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert secret.reveal() == CANARY


def test_equal_where_the_text_is() -> None:
    assert Secret("a") == Secret("a") != Secret("b") and Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert not Secret("") and Secret("a")


def test_what_others_wrote_is_concealed() -> None:
    assert Secret(CANARY).concealed(f"bad {CANARY}!") == "bad ***!"
    assert Secret("").concealed("abc") == "abc"


class Sink:
    def __init__(self, *, path: str, password: Secret | None = None, secrets: list[Secret] | tuple[()] = ()) -> None:
        if path == "wrong":
            raise ValueError(f"path {path!r}, with {password} and {secrets}")
        self.given = password, secrets

    def write(self, bulletin: Any) -> None: ...


class Offering:
    __name__ = "offering"

    @hookimpl
    def hydria_sinks(self) -> dict[str, Any]:
        return {"safe": Sink}


def test_the_house_makes_secrets_of_options_that_are_annotated() -> None:
    registry = load_plugins([Offering()], points=[])
    assert registry.offer("sink", "safe").secrets() == ("password", "secrets")
    built = registry.build("sink", "safe", {"path": "p", "password": CANARY, "secrets": [CANARY, "b"]})
    assert built.given == (Secret(CANARY), [Secret(CANARY), Secret("b")])
    with pytest.raises(PluginError) as found:
        registry.build("sink", "safe", {"path": "wrong", "password": CANARY, "secrets": [CANARY]})
    assert CANARY not in str(found.value)


CONFIG = """
[platform]
name = "x"
[pipelines.p]
step = "1h"
past = "12h"
horizon = "3h"
stations = "stations.csv"
source = {{ use = "csv", path = "." }}
forecasters = ["persistence"]
sinks = [{{ use = "safe", path = "p", {option} }}]
"""


def faults(tmp_path: Path, option: str, **environ: str) -> list[str]:
    (tmp_path / "stations.csv").write_text("station,target,quantity,unit\ns,h,level,m\n")
    (tmp_path / "hydria.toml").write_text(CONFIG.format(option=option))
    from importlib.metadata import EntryPoint

    registry = load_plugins([Offering()], points=[EntryPoint("csv", "hydria_csv", "hydria")])
    return list(examine(tmp_path / "hydria.toml", environ=environ, registry=registry).faults)


@pytest.mark.parametrize("option", [f'password = "{CANARY}"', f'secrets = ["${{A}}", "{CANARY}"]'])
def test_written_out_it_is_a_fault_that_does_not_show_it(tmp_path: Path, option: str) -> None:
    found = faults(tmp_path, option, A="a-secret")
    assert len(found) == 1 and "is a secret, and written out in the file" in found[0], found
    assert 'allowed: "${NAME}"' in found[0] and CANARY not in found[0] and "hydria.toml:11" in found[0]


def test_from_the_environment_or_a_file_it_is_taken(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(CANARY + "\n")
    assert faults(tmp_path, 'password = "${PW}"', PW=CANARY) == []
    assert faults(tmp_path, 'secrets = ["${PW}"]', PW_FILE=str(tmp_path / "word")) == []

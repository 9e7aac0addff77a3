"""import: options as words, secrets from the environment, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hydria_plugin import ConfigError, FeedError, FoundStation, Inventory, Secret, hookimpl
from hydria_plugin.cli import app
from hydria_plugin.cli.importing import as_toml, chosen


class Catalogue:
    """A host in memory."""

    def __init__(self, *, url: str, token: Secret | None = None, most: int = 10) -> None:
        self.url, self.token, self.most = url, token, most

    def survey(self) -> Inventory:
        if self.token is None or self.token.reveal() != "canary-1":
            raise FeedError(f"{self.url}: refused")
        station = FoundStation("s1", "S", "s1.h", "level", "m", 44.0, 4.0, {"yellow": 1.0})
        return Inventory((station,) * min(1, self.most), remarks=("no gauges",))


class Offering:
    __name__ = "catalogue"

    @hookimpl
    def hydria_importers(self) -> dict[str, Any]:
        return {"catalogue": Catalogue}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import hydria_plugin.plugins as plugins

    load = plugins.load_plugins
    monkeypatch.setattr(plugins, "load_plugins", lambda: load([Offering()]))


def run(*words: str, **environ: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["import", *words], env={"TOKEN": "canary-1", **environ})
    return done.exit_code, done.output


def test_it_writes_and_says_what(tmp_path: Path) -> None:
    code, told = run("catalogue", "url=https://a.example", "token=${TOKEN}", "--out", str(tmp_path))
    assert code == 0, told
    assert "found 1 stations" in told and "look at: no gauges" in told and str(tmp_path / "stations.csv") in told
    assert "s1.h,level,m,1" in (tmp_path / "stations.csv").read_text()


def test_for_machines(tmp_path: Path) -> None:
    code, told = run("catalogue", "url=u", "token=${TOKEN}", "--out", str(tmp_path), "--json")
    facts = json.loads(told)
    assert (code, facts["stations"], facts["remarks"]) == (0, 1, ["no gauges"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["catalog", "url=u"], "no importer named 'catalog' (did you mean 'catalogue'?)"),
        (["catalogue"], "needs the option 'url'"),
        (["catalogue", "url=u", "tokn=${TOKEN}"], "takes no option 'tokn'"),
        (["catalogue", "url=u", "token=canary-1"], "option token is a secret, and written out"),
        (["catalogue", "url=u", "token=${TOKNE}"], "needs the environment variable 'TOKNE'"),
        (["catalogue", "url"], "option 'url' is none"),
        (["catalogue", "url=u", "token=${TOKEN}", "most=0"], "no station was found that can be forecast: no gauges"),
    ],
)
def test_a_wrong_command_is_exit_2(words: list[str], said: str, tmp_path: Path) -> None:
    code, told = run(*words, "--out", str(tmp_path / "out"))
    assert code == 2 and said in told, told
    assert "canary-1" not in told and not (tmp_path / "out").exists()


def test_a_host_that_refuses_is_exit_1(tmp_path: Path) -> None:
    code, told = run("catalogue", "url=https://a.example", "token=${TOKEN}", "--out", str(tmp_path), TOKEN="canary-2")
    assert (code, told.strip()) == (1, "https://a.example: refused")


def test_values_are_toml_where_they_are() -> None:
    assert [as_toml(t) for t in ("3", "true", '["a"]', "{ a = 1 }", "https://a.example", "2026-13")] == [
        3, True, ["a"], {"a": 1}, "https://a.example", "2026-13",
    ]  # fmt: skip
    assert chosen(["a=1", "b=${X}/y", "s=${X}"], {"X": "1"}, ["s"]) == {"a": 1, "b": "1/y", "s": "1"}
    with pytest.raises(ConfigError) as found:
        chosen(["a", "=b"], {}, [])
    assert len(found.value.faults) == 2

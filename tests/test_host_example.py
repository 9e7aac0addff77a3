"""The example host of docs/embedding.md is run as it stands there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hydria_plugin import Host, open_host

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "embedding.md").read_text()


def block(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def said(tmp_path: Path) -> list[str]:
    """What the example prints, line by line."""
    (tmp_path / "platform.toml").write_text(block("toml"))
    (tmp_path / "stations.csv").write_text(block("csv"))
    (tmp_path / "broken.toml").write_text(block("toml").replace("horizon", "horison"))
    (tmp_path / "example.py").write_text(block("python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_example_host_runs(said: list[str]) -> None:
    assert said[0] == "2026-03-01T12:00:00 persistence 1.76 m"
    assert said[1] == "bridge: FIRST yellow (observed)"
    assert said[2] == "issued 12 steps ahead"
    assert "horison" in said[3] and "horizon" in said[3]


@pytest.mark.parametrize("name", ["run_once", "start", "tick", "stop", "close", "reload", "status", "replay"])
def test_every_method_is_described(name: str) -> None:
    assert callable(getattr(Host, name)) and f"`{name}(" in PAGE


def test_signatures_are_the_live_ones() -> None:
    for function, written in ((open_host, "open_host"), (Host.run_once, "run_once"), (Host.start, "start")):
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
        shown = re.search(rf"`{written}\((.*?)\)`", PAGE)
        assert shown is not None
        names = [part.split("=")[0].strip() for part in shown[1].split(", ")]
        assert names == [p.name for p in parameters]

"""What an admin copies from deploy/ works as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.config import read_config

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNIT = DEPLOY / "hydria.service"


def test_the_configuration_loads() -> None:
    settings = read_config(DEPLOY / "hydria.toml", environ={})
    layout = settings.pipelines["gardons"].layout
    assert layout.names[0] == "Le Gardon à Anduze"
    assert layout.slots == ("level.upstream1", "level.upstream2", "level.upstream3")
    assert layout.static_names == ("area_km2",)
    assert settings.pipelines["gardons"].rules.rates[0].over == 6


def test_it_can_start_once_the_feeds_are_there(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(DEPLOY, site)
    done = CliRunner().invoke(app, ["check", str(site / "hydria.toml")])
    assert done.exit_code == 2
    assert "feeds" in done.stderr
    (site / "feeds").mkdir()
    (site / "feeds" / "today.csv").write_text("time_utc,level_mm_V7144010\n2020-09-19T10:00:00Z,141\n")
    done = CliRunner().invoke(app, ["check", str(site / "hydria.toml")])
    assert done.exit_code == 0, done.output


def test_every_key_of_the_comments_is_a_real_one() -> None:
    """Commented assignments in the sample would load if somebody took the comment sign away."""
    text = (DEPLOY / "hydria.toml").read_text()
    assert len([line for line in text.splitlines() if "#" in line]) > 20
    assert "/work" not in text


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there."""
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text(), flags=re.M)
    path = tmp_path / "hydria.service"
    path.write_text(text)
    return path


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_systemd
def test_systemd_takes_the_unit(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr, done.stderr


@needs_systemd
def test_the_unit_is_hardened(unit: Path) -> None:
    """Exposure at most 1.5 of 10: a bare unit has 9.2."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-300:]


def test_the_unit_lets_torch_run() -> None:
    """oneDNN and torch compile at run time; under MemoryDenyWriteExecute they fail."""
    assert "MemoryDenyWriteExecute=" not in UNIT.read_text()

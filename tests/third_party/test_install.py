"""pip install alone: a ten-line forecaster of a third party, in an environment of its own, used in a cycle."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hydria_plugin.testing import check_forecaster

HERE, ROOT = Path(__file__).parent, Path(__file__).resolve().parents[2]

CONFIG = """
[platform]
name = "third party"

[pipelines.p]
step = "1h"
past = "12h"
horizon = "3h"
stations = "stations.csv"
source = { use = "csv", path = "feeds", time = "time" }
forecasters = ["mean"]
sinks = [{ use = "csv", path = "out" }]

[pipelines.p.forecaster.mean]
steps = 6
"""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that sees our packages and into which hydria-mean was pip-installed; gives its python."""
    folder = tmp_path_factory.mktemp("scratch")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    packages = next((folder / "env" / "lib").glob("python*/site-packages"))
    (packages / "house.pth").write_text("\n".join([sysconfig.get_path("purelib"), str(ROOT), str(ROOT / "adapters")]))
    source = shutil.copytree(HERE / "hydria_mean", folder / "hydria_mean")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, str(source)], check=True)
    return python


def hydria(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-m", "hydria_plugin", *words], capture_output=True, text=True)


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "hydria.toml").write_text(CONFIG)
    (tmp_path / "stations.csv").write_text("station,name,lat,lon,target,quantity,unit\ns,S,44,4,h,level,m\n")
    rows = "\n".join(f"2026-01-01T{h:02d}:00:00Z,{1 + h / 10}" for h in range(24))
    (tmp_path / "feeds" / "h.csv").write_text(f"time,h\n{rows}\n")
    return tmp_path


@pytest.mark.slow
def test_it_is_listed(scratch: Path) -> None:
    done = hydria(scratch, "plugins", "--json")
    assert done.returncode == 0, done.stderr
    rows = [r for r in json.loads(done.stdout) if r["name"] == "mean"]
    assert [(r["role"], r["package"], r["version"], r["state"]) for r in rows] == [
        ("forecaster", "hydria-mean", "1.2.3", "ready")
    ]


@pytest.mark.slow
def test_it_forecasts_in_a_cycle(scratch: Path, platform: Path) -> None:
    done = hydria(scratch, "once", str(platform / "hydria.toml"), "--at", "2026-01-01T23:00:00Z")
    assert done.returncode == 0, done.stderr
    written = "".join(p.read_text() for p in (platform / "out").rglob("*.csv"))
    assert "2026-01-02T02:00:00Z" in written
    assert "3.05" in written  # the median of 2.8 ... 3.3


@pytest.mark.slow
def test_a_broken_neighbour_stops_nothing(scratch: Path, platform: Path) -> None:
    packages = next(scratch.parents[1].glob("lib/python*/site-packages"))
    module = packages / "hydria_mean.py"
    whole = module.read_text()
    try:
        module.write_text("raise RuntimeError('half an upgrade')")
        listed = hydria(scratch, "plugins", "--json")
        assert listed.returncode == 0, listed.stderr
        assert any("half an upgrade" in r["state"] for r in json.loads(listed.stdout))
        named = hydria(scratch, "check", str(platform / "hydria.toml"))
        assert named.returncode == 2
        assert "half an upgrade" in named.stdout + named.stderr
        assert "Traceback" not in named.stdout + named.stderr
    finally:
        module.write_text(whole)


def test_it_conforms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE / "hydria_mean"))
    from hydria_mean import Mean  # type: ignore[import-not-found]

    check_forecaster(Mean(steps=12))

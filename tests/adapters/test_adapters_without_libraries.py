"""An adapter whose extra is not installed says which one, wherever it is named; nothing of it is imported first."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
HIDDEN = ("lxml", "httpx", "paho", "paramiko", "resvg_py")
BARE = f"""
import sys
from importlib.machinery import PathFinder
real = PathFinder.find_spec
def bare(cls, name, path=None, target=None):
    return None if name.partition(".")[0] in {HIDDEN} else real(name, path, target)
PathFinder.find_spec = classmethod(bare)
from hydria_plugin.cli import main
sys.argv = ["hydria", *sys.argv[1:]]
sys.exit(main())
"""
SITE = """
[platform]
name = "bare"
[pipelines.p]
step = "1h"
past = "24h"
horizon = "6h"
stations = "stations.csv"
source = {{ use = "{source}", path = "in" }}
forecasters = ["persistence"]
sinks = [{{ use = "{sink}", path = "out" }}]
"""


def bare(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``hydria`` as on a machine where no extra is installed."""
    return subprocess.run([sys.executable, "-c", BARE, *words], capture_output=True, text=True, cwd=cwd)


def test_the_list_names_the_extra_that_installs_each(tmp_path: Path) -> None:
    lines = [line for line in bare("plugins", cwd=tmp_path).stdout.splitlines() if "pip install" in line]
    assert {tuple(line.split()[:2]) for line in lines} == {
        *((name, "source") for name in ("fews", "fews-rest", "hubeau", "mqtt", "sandre", "sensorthings", "vigicrues")),
        *((name, "sink") for name in ("cap", "fews", "fews-rest", "mqtt", "sandre", "sensorthings", "webhook")),
        *((name, "importer") for name in ("fews", "hubeau", "sandre", "sensorthings")),
    }
    for line in lines:
        extra = line.partition("hydria-plugin[")[2].partition("]")[0]
        needs = line.partition("needs ")[2].partition(",")[0].split(" and ")
        assert all(any(what.startswith(package) for what in EXTRAS[extra]) for package in needs), line


@pytest.mark.parametrize(("source", "sink"), [("fews", "cap"), ("sandre", "webhook"), ("hubeau", "sensorthings")])
def test_check_says_what_to_install_and_where_it_is_named(tmp_path: Path, source: str, sink: str) -> None:
    (tmp_path / "stations.csv").write_text("station,name,lat,lon,target,quantity,unit\na,A,44,4,a/H,level,m\n")
    (tmp_path / "hydria.toml").write_text(SITE.format(source=source, sink=sink))
    done = bare("check", "hydria.toml", cwd=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 2 and "2 to mend" in said and "ModuleNotFoundError" not in said
    assert f"pipelines.p.source: source '{source}' needs " in said
    assert f"pipelines.p.sinks[1]: sink '{sink}' needs " in said
    assert said.count("pip install 'hydria-plugin[") == 2


def test_an_import_and_a_sample(tmp_path: Path) -> None:
    asked = bare("import", "sandre", "path=in", cwd=tmp_path)
    assert asked.returncode != 0 and "pip install 'hydria-plugin[sandre]'" in asked.stdout + asked.stderr
    assert 'use = "cap"' in bare("sample", "cap", cwd=tmp_path).stdout


def test_a_run_of_fews_says_it_in_one_line(tmp_path: Path) -> None:
    code = BARE.replace("from hydria_plugin.cli import main", "from hydria_fews.program import main")
    code = code.replace('"hydria", *', '"hydria-fews", *')
    done = subprocess.run([sys.executable, "-c", code, "run_info.xml"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "pip install 'hydria-plugin[fews]'" in done.stdout + done.stderr

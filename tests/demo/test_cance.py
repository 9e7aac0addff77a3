"""The real flood of the Cance, from the data of the package hydro-smash where it is installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import ConfigError
from hydria_plugin.demo import cance, run


def test_nested_gauges_see_their_own_rain_and_what_comes_from_above() -> None:
    codes = ("a", "b", "c")
    assert cance.inputs_of("b", codes) == [
        ("b", "rain.1", "rain.b", "rain"),
        ("b", "rain.2", "rain.c", "rain"),
        ("b", "discharge.upstream.1", "discharge.c", "discharge"),
    ]
    assert cance.inputs_of("c", codes) == [("c", "rain.1", "rain.c", "rain")]


def test_without_smash_the_cance_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smash", None)
    with pytest.raises(ConfigError, match="pip install hydro-smash"):
        run(tmp_path / "new", basin="cance")


@pytest.mark.slow
def test_the_real_flood_of_the_cance_runs_to_its_end(tmp_path: Path) -> None:
    pytest.importorskip("smash", reason="hydro-smash, whose data are replayed, is not installed")
    case, told = cance.cance_case(), list[str]()
    assert case.times[-1] <= np.datetime64(cance.END) and case.first < case.last < len(case.times)
    assert {len(values) for values in case.series.values()} == {len(case.times)}
    peak = case.truth["V3524010"][case.first : case.last + 1].max()
    assert peak == np.nanmax(case.truth["V3524010"]) > case.sites[0].limits[-1]  # the flood is the largest there is
    assert run(tmp_path / "demo", case=case, as_json=True, echo=told.append) == 0
    facts = json.loads(told[0])
    assert [step["state"] for step in facts["steps"]] == ["issued"] * (case.last - case.first + 1)
    announced = [t["threshold"] for t in facts["thresholds"] if t["station"] == "V3524010" and t["announced_at"]]
    assert announced == [0, 1, 2]

"""The source `hubeau` against a server that answers as the service does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hubeau_host import NOW, Hubeau, errors, row, wanted
from web_server import Server

from hydria_hubeau.hubeau import HubeauSource
from hydria_plugin import Flag
from hydria_plugin.testing import check_source

H, Q = "V714401001.H", "V714401001.Q"


def source(hubeau: Hubeau, **options: Any) -> HubeauSource:
    made = HubeauSource(url=hubeau.url, pause_s=0, clock=lambda: NOW, **options)
    made._polling.web._sleep = lambda _: None
    return made


@pytest.fixture
def hubeau(web_server: Server) -> Hubeau:
    rows = [
        row("V714401001", "H", f"2026-11-26T0{h}:{m:02d}:00Z", 1000 + h) for h in range(6) for m in range(0, 60, 10)
    ]
    rows += [row("V714401001", "Q", f"2026-11-26T0{h}:00:00Z", 42_600.0) for h in range(6)]
    rows += [row(None, "Q", f"2026-11-26T0{h}:00:00Z", 99_999.0, site="V7144010") for h in range(6)]
    return Hubeau(web_server, rows)


def test_millimetres_and_litres_come_as_metres_and_cubic_metres(hubeau: Hubeau) -> None:
    table = source(hubeau).read(wanted([H, Q]))
    assert errors(table) == []
    assert table.groupby("series")["value"].max().to_dict() == {H: 1.005, Q: 42.6}
    assert table.groupby("series").size().to_dict() == {H: 36, Q: 6}
    assert set(table["flag"]) == {Flag.UNKNOWN} and str(table["time"].dtype) == "datetime64[us, UTC]"


def test_a_site_counts_only_where_it_is_asked_for(hubeau: Hubeau) -> None:
    table = source(hubeau).read(wanted(["V7144010.Q"]))
    assert set(table["value"]) == {99.999} and len(table) == 6
    both = source(hubeau).read(wanted(["V7144010.Q", Q]))
    assert both.groupby("series")["value"].max().to_dict() == {"V7144010.Q": 99.999, Q: 42.6}


def test_every_page_is_followed_though_it_comes_as_206_and_points_elsewhere(hubeau: Hubeau) -> None:
    table = source(hubeau, size=5).read(wanted([H, Q]))
    assert len(table) == 42 and errors(table) == []
    assert len(hubeau.asked) == 10 and "cursor" in hubeau.asked[9]  # 48 rows, site rows too
    assert {a["code_entite"] for a in hubeau.asked} == {"V714401001"}


def test_stations_are_asked_for_together_and_only_for_what_is_wanted(hubeau: Hubeau) -> None:
    stations = [f"V7{n:08d}" for n in range(250)]
    series = [f"{s}.H" for s in stations] + [f"{s}.Q" for s in stations[:20]]
    source(hubeau).read(wanted(series))
    told = [(len(a["code_entite"].split(",")), a["grandeur_hydro"]) for a in hubeau.asked]
    assert told == [(100, "H"), (100, "H"), (30, "H"), (20, "H,Q")]
    assert hubeau.asked[0]["date_debut_obs"] == "2026-11-25T23:50:00Z" and "date_fin_obs" not in hubeau.asked[0]


def test_a_read_of_days_ago_asks_for_no_more_than_it_needs(hubeau: Hubeau) -> None:
    source(hubeau).read(wanted([H], "2026-11-20T00:00", "2026-11-21T00:00"))
    assert hubeau.asked[0]["date_fin_obs"] == "2026-11-21T00:00:00Z"


def test_promises_of_a_source(hubeau: Hubeau) -> None:
    check_source(source(hubeau), wanted([H, Q, "nobody"]))
    check_source(source(hubeau), wanted([H], issued_at="2026-11-26T03:00"))


def test_names_of_the_admins_own(hubeau: Hubeau) -> None:
    made = source(hubeau, names={"V714401001.H": "anduze"}, id="fr-{grandeur}-{code}")
    table = made.read(wanted(["anduze", "fr-Q-V714401001", "elsewhere"]))
    assert set(table["series"]) == {"anduze", "fr-Q-V714401001"}
    assert errors(table) == ["series 'elsewhere' cannot be of Hub'Eau; see `id` and `names` of the source"]
    assert errors(made.read(wanted(["anduze", "elsewhere"]))) == []  # said once


def test_codes_become_flags_and_the_more_worked_on_row_stands(hubeau: Hubeau) -> None:
    at = "2026-11-26T05:00:00Z"
    hubeau.rows = [
        row("V714401001", "H", at, 2000, code_statut=16, code_qualification_obs=20),
        row("V714401001", "H", at, 1234),
        row("V714401001", "Q", at, 1.0, code_qualification_obs=12),
    ]
    table = source(hubeau).read(wanted([H, Q])).set_index("series")
    assert table.loc[H, ["value", "flag"]].tolist() == [2.0, Flag.GOOD]
    assert table.loc[Q, ["value", "flag"]].tolist() == [0.001, Flag.SUSPECT]


def test_null_withdraws_and_what_is_no_number_is_told(hubeau: Hubeau) -> None:
    at = "2026-11-26T0{}:00:00Z"
    values: list[Any] = [None, "12.5", True, "fault", [1], 10**400]
    hubeau.rows = [row("V714401001", "H", at.format(h), v) for h, v in enumerate(values)]
    table = source(hubeau).read(wanted([H]))
    assert table["value"].tolist()[1:] == [0.0125] and np.isnan(table["value"][0])
    (told,) = errors(table)
    assert "V714401001.H" in told and "is no number; the row is not used (and 3 more like it)" in told


def test_times_out_of_order_doubled_and_broken(hubeau: Hubeau) -> None:
    late = row("V714401001", "H", "2026-11-26T01:00:00Z", 1)
    hubeau.rows = [late, dict(late), row("V714401001", "H", "2026-11-26T01:30:00+01:00", 2)]
    hubeau.rows += [
        row("V714401001", "H", "2026-02-30T00:00:00Z", 3),
        row("V714401001", "H", "9999-01-01T00:00:00Z", 3),
    ]
    hubeau.rows[-2]["date_obs"] = "2026-11-26T25:61"
    table = source(hubeau).read(wanted([H]))
    assert table["value"].tolist() == [0.002, 0.001]
    assert table["time"].tolist()[0] == pd.Timestamp("2026-11-26T00:30", tz="UTC")
    assert any("is no time of this world" in e and "(and 1 more" in e for e in errors(table))

"""A forecast of version 2 as another producer may write it: a prefix, offsets, the site told in full within it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from sandre_messages import asked, read, said

FORECAST = """<?xml version="1.0" encoding="{encoding}"?>
<sa:hydrometrie xmlns:sa="http://xml.sandre.eaufrance.fr/scenario/hydrometrie/2"><sa:Scenario>
<sa:VersionScenario>2</sa:VersionScenario><sa:DateHeureCreationFichier>2010-02-26T12:05:00Z</sa:DateHeureCreationFichier>
</sa:Scenario><sa:Donnees><sa:Simuls><sa:Simul><sa:GrdSimul>Q</sa:GrdSimul>
<sa:DtProdSimul>2010-02-26T13:00:00+01:00</sa:DtProdSimul><sa:ComSimul>Crue étalée</sa:ComSimul>
<sa:SiteHydro><sa:CdSiteHydro>Y1612020</sa:CdSiteHydro><sa:LbSiteHydro>Touch</sa:LbSiteHydro></sa:SiteHydro>
<sa:CdSiteHydro>Y1612020</sa:CdSiteHydro><sa:CdModelePrevision schemeAgencyID="SANDRE">13_08</sa:CdModelePrevision>
<sa:Prevs><sa:Prev><sa:ResMoyPrev>20992.0</sa:ResMoyPrev><sa:ResMaxPrev>30000</sa:ResMaxPrev>
<sa:DtPrev>2010-02-26T15:00:00+02:00</sa:DtPrev></sa:Prev>
<sa:Prev><sa:DtPrev>2010-02-26T24:00:00</sa:DtPrev><sa:ProbsPrev>
<sa:ProbPrev><sa:ResProbPrev>40000</sa:ResProbPrev><sa:PProbPrev>90.0</sa:PProbPrev></sa:ProbPrev>
<sa:ProbPrev><sa:PProbPrev>50</sa:PProbPrev><sa:ResProbPrev>22000</sa:ResProbPrev></sa:ProbPrev></sa:ProbsPrev></sa:Prev>
</sa:Prevs></sa:Simul></sa:Simuls></sa:Donnees></sa:hydrometrie>"""
COATS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "mark and gzip": lambda text: gzip.compress(b"\xef\xbb\xbf" + text.encode()),
    "utf-16": lambda text: text.replace("utf-8", "UTF-16").encode("utf-16"),
    "latin": lambda text: text.replace("utf-8", "ISO-8859-1").replace("\n", "\r\n").encode("latin-1"),
}


@pytest.mark.parametrize("coat", COATS)
def test_a_forecast_of_another_producer(coat: str, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "m.xml").write_bytes(COATS[coat](FORECAST.format(encoding="utf-8")))
    name = "Y1612020.Q.13_08"
    table = read(drop, wanted=asked([name]))
    assert table["time"].astype(str).tolist() == ["2010-02-26 13:00:00+00:00", "2010-02-27 00:00:00+00:00"]
    assert table["value"].tolist() == [20.992, 22.0] and said(table) == []
    assert set(table["issued_at"].astype(str)) == {"2010-02-26 12:00:00+00:00"}
    assert read(drop, wanted=asked([name]), forecast_value="p90")["value"].tolist() == [40.0]
    assert read(drop, wanted=asked([name]), forecast_value="max")["value"].tolist() == [30.0]

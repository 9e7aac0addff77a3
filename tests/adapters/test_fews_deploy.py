"""The sample configuration for FEWS: valid where its schema is at hand, and one with hydria."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from fews_samples import XSD
from lxml import etree

from hydria_fews.parameters import read_parameters

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "fews"
SPACE = {"f": "http://www.wldelft.nl/fews"}
RUN = DEPLOY / "ModuleConfigFiles" / "HydriaForecast.xml"


@pytest.mark.skipif(not XSD.is_dir(), reason="the schemas of FEWS are not beside this checkout")
def test_the_general_adapter_run_is_valid(tmp_path: Path) -> None:
    for name in ("generalAdapterRun", "sharedTypes"):
        (tmp_path / f"{name}.xsd").write_bytes((XSD / f"fewsconfig_{name}.xsd").read_bytes())
    schema = etree.XMLSchema(etree.parse(tmp_path / "generalAdapterRun.xsd"))
    schema.assertValid(etree.parse(RUN))
    broken = etree.parse(RUN)
    broken.getroot().remove(broken.getroot()[0])
    assert not schema.validate(broken)


def test_all_of_it_is_xml_and_the_parameters_are_read() -> None:
    assert len([etree.parse(p) for p in DEPLOY.rglob("*.xml")]) == 4
    assert read_parameters(DEPLOY / "ModuleParFiles" / "HydriaForecast.xml") == {"pipeline": "river"}


def test_the_parts_name_each_other() -> None:
    run, toml = etree.parse(RUN), tomllib.loads((DEPLOY / "hydria.toml").read_text())
    pipeline = toml["pipelines"]["river"]
    declared = {p.get("id") for p in etree.parse(DEPLOY / "RegionConfigFiles" / "Parameters.xml").iter("{*}parameter")}
    imported = {e.text for e in run.xpath("//f:importTimeSeriesActivity//f:parameterId", namespaces=SPACE)}
    assert imported <= declared and set(pipeline["sinks"][0]["parameters"].values()) <= declared
    quantiles = {e.text for e in run.xpath("//f:importTimeSeriesActivity//f:qualifierId", namespaces=SPACE)}
    assert quantiles - {"checked"} <= {f"q{q:g}" for q in pipeline["quantiles"]}
    (store,) = run.xpath("//f:importStateActivity//f:relativeExportFile/text()", namespaces=SPACE)
    assert toml["platform"]["store"] == f"sqlite:///{store}"

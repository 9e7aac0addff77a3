"""Files: what is XML, what is finished, and writing whole or not at all; the plug-in and its sample."""

from __future__ import annotations

import gzip
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hydria_sandre
from hydria_plugin import Importer, Sink, Source
from hydria_plugin.config import read_config
from hydria_plugin.plugins import load_plugins
from hydria_sandre.files import is_xml, listed

REGISTRY = [EntryPoint(name=n, value=f"hydria_{n}", group="hydria") for n in ("csv", "sandre")]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"<hydrometrie>", True),
        (b"\xef\xbb\xbf\n <?xml version='1.0'?>", True),
        (gzip.compress(b"<hydrometrie>", mtime=0), True),
        ("<h/>".encode("utf-16"), True),
        (b"<CdSiteHydro>;<CdStationHydro>;<FLG>\n", False),
        (b"\xef\xbb\xbf<CdSiteHydro>;<FLG>\n", False),
        (b"2013-01-23 00:00:00  3.46\n", False),
        (gzip.compress(b"<CdSiteHydro>;<FLG>", mtime=0), False),
        (b"\x1f\x8bnot gzip", False),
        (b"", False),
    ],
)
def test_what_is_xml(head: bytes, wanted: bool) -> None:
    assert is_xml(head) is wanted


@given(st.binary(max_size=80))
def test_any_beginning_is_one_or_the_other(head: bytes) -> None:
    assert is_xml(head) in (True, False)


def test_files_are_listed_in_order_of_name_whatever_their_case(tmp_path: Path) -> None:
    for name in ("b.XML", "a.xml", "c.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "broken.xml").symlink_to(tmp_path / "nowhere")
    assert list(listed(tmp_path, ("*.xml",))) == ["a.xml", "b.XML"]


def test_the_plug_in_offers_three_parts() -> None:
    registry = load_plugins(points=REGISTRY)
    options = {"path": "p", "sender": "1520", "contact": "26", "model": "hydria"}
    for role, kind, given_ in (
        ("source", Source, {"path": "p"}),
        ("importer", Importer, {"path": "p"}),
        ("sink", Sink, options),
    ):
        assert isinstance(registry.build(role, "sandre", given_, {"folder": Path()}), kind)


def test_the_sample_loads(tmp_path: Path) -> None:
    """Its tables within a whole configuration, every commented line too."""
    sample = (Path(hydria_sandre.__file__).parent / "sample.toml").read_text()
    (tmp_path / "stations.csv").write_text("station,target,quantity,unit\ns,Y1612020.Q,discharge,m3/s\n")
    head, body = sample.split("[pipelines.example]\n")
    whole = 'step = "1h"\npast = "12h"\nhorizon = "6h"\nstations = "stations.csv"\nforecasters = ["persistence"]\n'
    lines = body.splitlines()
    sources = [line.removeprefix("# ") for line in lines if "source =" in line]
    sinks = [line.removeprefix("# ") for line in lines if "sinks =" in line]
    assert len(sources) == 3 and len(sinks) == 2
    for source in sources:
        for sink in sinks:
            file = tmp_path / "hydria.toml"
            file.write_text(f"{head}[pipelines.example]\n{whole}{source}\n{sink}\n")
            assert read_config(file, registry=load_plugins(points=REGISTRY)).pipelines

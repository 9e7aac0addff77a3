"""Broken messages: the readers of XML, of CSV drops and of referentials refuse them, or read what is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import check_survives
from sandre_messages import SAMPLES, level, message, parsed, rain

from hydria_sandre.importer import SandreImporter

OURS = [
    message(level("2010-02-26T11:10:00 680.0 20", "2010-02-26T11:15:00+02 684 16")).encode(),
    message(rain("2010-02-26T12:00:00 2", "2010-02-26T13:00:00 8")).encode(),
    b"<CdSiteHydro>;<CdStationHydro>;<GrdSerie>;<DtObsHydro>;<ResObsHydro>;<FLG>\nsite;station;g;d;r;FLG\n"
    b"A2331020;;Q;13/02/1999 05:22:10;123,33;FLG\n",
]
REAL = [file.read_bytes() for file in sorted(SAMPLES.iterdir())] if SAMPLES.is_dir() else []


def importing(folder: Path) -> Callable[[bytes], object]:
    file = folder / "m.xml"

    def parse(data: bytes) -> object:
        file.write_bytes(data)
        return SandreImporter(path="m.xml", folder=folder, power_curves="mm").survey()

    return parse


def test_broken_feeds() -> None:
    assert check_survives(parsed, [*OURS, *REAL], count=600, seed=11) > 100


def test_broken_referentials(tmp_path: Path) -> None:
    assert check_survives(importing(tmp_path), [*OURS, *REAL], count=300, seed=12) > 30


@pytest.mark.soak
def test_many_broken_feeds() -> None:
    check_survives(parsed, [*OURS, *REAL], count=10_000, seed=13)


@pytest.mark.soak
def test_many_broken_referentials(tmp_path: Path) -> None:
    check_survives(importing(tmp_path), [*OURS, *REAL], count=10_000, seed=14)

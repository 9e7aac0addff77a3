"""The SCHAPI CSV drop."""

from __future__ import annotations

import numpy as np
import pytest
from sandre_messages import parsed

from hydria_plugin import FeedError, Flag
from hydria_sandre.rows import Stream
from hydria_sandre.series_csv import decoded, table_of

HYDRO = (
    "<CdSiteHydro>;<CdStationHydro>;<GrdSerie>;<DtObsHydro>;<ResObsHydro>;<MethObsHydro>;<StatutSerie>;<FLG>\n"
    "Code site;Code station;Grandeur;Date observation;Résultat;Methode;Statut;FLG\n"
    "A2331020;;Q;13/02/1999 05:22:10;123,33;0;0;FLG\n"
    "R7891220;R789122010;H;22/04/1968 12:12:12;-5,00;12;4;FLG\n"
    "R7891220;R789122010;H;1968-10-05 12:12:12;;0;16;FLG\n"
)
METEO = (
    "<CdSiteMeteo>;<CdGrdMeteo>;<DtObsMeteo>;<DureeObsMeteo>;<ResObsMeteo>;<MethObsMeteo>;<StatutObsMeteo>;<FLG>\r\n"
    "CdSiteMeteo;CdGrdMeteo;DtObsMeteo;DureeObsMeteo;ResObsMeteo;MethObsMeteo;StatutObsMeteo;FLG\r\n"
    "31239004;RR;02/02/2011 16:00;60; 50,5; 8;8;FLG\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1"])
def test_observations(encoding: str) -> None:
    rows, streams, problems = parsed(HYDRO.encode(encoding))
    assert not problems
    assert streams == [Stream("A2331020", "Q", 0, "", "csv"), Stream("R789122010", "H", 0, "", "csv")]
    np.testing.assert_array_equal(rows.value, [123.33, -5.0, np.nan])
    assert rows.flag.tolist() == [Flag.UNKNOWN, Flag.SUSPECT, Flag.MISSING]
    assert rows.time[0] == np.datetime64("1999-02-13T05:22:10", "us")
    assert np.isnat(rows.received).all()


def test_rain_with_blanks_about_its_cells() -> None:
    rows, streams, problems = parsed(METEO.encode())
    assert not problems and streams == [Stream("31239004", "RR", 60, "", "csv")]
    assert rows.value.tolist() == [50.5]


def test_a_drop_without_second_header() -> None:
    lines = HYDRO.splitlines()
    assert len(parsed("\n".join([lines[0], *lines[2:]]).encode())[0]) == 3


def test_a_line_that_was_cut_is_told_and_left_out() -> None:
    rows, _, problems = parsed((HYDRO + "A2331020;;Q;13/02/1999 06:22:10;12").encode())
    assert len(rows) == 3
    assert "line 6 has 5 cells or lacks FLG" in problems[0].error


def test_a_line_without_flag_is_not_whole() -> None:
    rows, _, problems = parsed(HYDRO.replace("123,33;0;0;FLG", "123,33;0;0;FL").encode())
    assert len(rows) == 2 and "lacks FLG" in problems[0].error


def test_columns_may_stand_in_another_order() -> None:
    text = "<ResObsHydro>;<DtObsHydro>;<GrdSerie>;<CdStationHydro>;<FLG>\n4,25;02/10/2010 06:30;H;O823153001;FLG\n"
    rows, streams, _ = parsed(text.encode())
    assert streams[0].code == "O823153001" and rows.value.tolist() == [4.25]


def test_sites_hold_no_values() -> None:
    names, lines = table_of("<CdSiteHydro>;<LbSiteHydro>;<FLG>\nA1;Le Rôc;FLG\n", "m")
    assert names == ["CdSiteHydro", "LbSiteHydro", "FLG"] and lines[0]["LbSiteHydro"] == "Le Rôc"
    rows, _, problems = parsed("<CdSiteHydro>;<LbSiteHydro>;<FLG>\nA1;Le Rôc;FLG\n".encode("iso-8859-1"))
    assert len(rows) == 0 and not problems


def test_what_is_no_drop() -> None:
    for text in ("", "time,value\n1,2\n", "<A>;<B>;<FLG>\n1;2;FLG\n"):
        with pytest.raises(FeedError, match="is neither XML nor a SCHAPI CSV drop"):
            parsed(text.encode())


def test_whose_it_is_must_be_said() -> None:
    rows, _, problems = parsed(HYDRO.replace("A2331020;;Q", ";;Q").encode())
    assert len(rows) == 2 and "says not whose it is" in problems[0].error


def test_encodings() -> None:
    assert decoded("é".encode("iso-8859-1")) == decoded("é".encode()) == "é"

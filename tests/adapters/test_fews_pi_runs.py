"""The fast way through long series and the plain way find the same: on whole files, on odd ones and on broken ones."""

from __future__ import annotations

import gzip
import re

import numpy as np
import pytest
from fews_series import pi_series, same_series
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import mutated

from hydria_fews import pi_runs
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_runs import Thinned, is_plain
from hydria_fews.pi_series import PiHeader, PiSeries, TimeStep
from hydria_fews.pi_writing import pi_xml
from hydria_plugin import FeedError

HEAD = '<TimeSeries xmlns="http://www.wldelft.nl/fews/PI" version="1.24"><timeZone>1.0</timeZone>'
HEADER = "<header><locationId>a</locationId><parameterId>H</parameterId><missVal>-999.0</missVal></header>"


def document(events: str, head: str = HEAD) -> bytes:
    return f"{head}<series>{HEADER}{events}</series></TimeSeries>".encode()


def event(n: int, value: object = 1.5, more: str = ' flag="0"', end: str = "/>\n") -> str:
    return f'<event date="2026-03-{1 + n // 24:02d}" time="{n % 24:02d}:00:00" value="{value}"{more}{end}'


def told(data: bytes, in_runs: bool) -> object:
    """Everything that a reader finds, or its refusal; what the parser says of it depends on where pieces end."""
    try:
        found = read_pi(data, "made", in_runs=in_runs)
    except FeedError as error:
        return re.sub(r"is not well-formed XML \(.*", "is not well-formed", str(error))
    values = [(repr(s.header), s.time.tolist(), repr(s.value.tolist()), s.flag.tolist()) for s in found.series]
    return values, [{n: t.tolist() for n, t in s.more.items()} for s in found.series], found.faults


def same(data: bytes) -> object:
    fast, plain = told(data, True), told(data, False)
    assert fast == plain
    return fast


def runs_of(data: bytes) -> list[int]:
    """Lengths of the runs that left the stream."""
    import io

    stream = Thinned(io.BytesIO(data))
    while stream.read():
        pass
    return [len(run.time) for run in stream.runs.values()]


@settings(max_examples=60, deadline=None)
@given(st.lists(pi_series(most=60), max_size=3), st.sampled_from([60, 300, 5000, 1 << 20]))
def test_what_we_write(series: list[PiSeries], piece: int) -> None:
    data = b"".join(pi_xml(series))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pi_runs, "PIECE", piece)
        same_series(read_pi(data, "made").series, series)
        same(data)


PARTS = st.sampled_from(
    [
        event(1),
        event(2, "-999.0"),
        event(3, "NaN"),
        event(4, "1e-7"),
        event(5, "007.50"),
        event(6, ".5"),
        event(7, "-0"),
        event(8, more=""),
        event(9, more=' flag="10"'),
        event(10, more=' flag="123"'),
        event(11, more=' flag="x"'),
        event(12, "INF"),
        event(13, "1e999"),
        event(14, "1_0"),
        event(15, "1-2"),
        event(16, ""),
        event(17, "1 "),
        event(18, "+"),
        event(19, more=' flag="1" flagSource="SX"'),
        event(20, more=' flag="1" comment="a &gt; b > c"'),
        event(21, end="></event>"),
        event(22, end=" />"),
        event(23, end="/> text "),
        event(24, end="/>&amp;"),
        event(25, "1&#48;"),
        event(26, "1" * 30),
        event(27, "0.1234567890123456789012"),
        event(28, end="/>" + " " * 99),
        event(29, more=' flag="3" flagSource="HX" comment="ice on the gauge"') * 5,
        event(30, more=' flag="0" comment=""') * 3,
        event(31, more=' comment="a\tb"') * 5,
        event(32, more=' comment="' + "long " * 20 + '"') * 5,
        event(33, more=' comment="crue à Anduze"') * 5,
        event(34, more=' xmlns="urn:other" comment="c"') * 5,
        event(35, more=' xml:lang="fr" comment="c"') * 5,
        event(36, more=" comment='\"'") * 5,
        event(37, more=' hydria-run="0" flag="1"') * 5,
        event(38, more=' minValue="1.0" maxValue="2.0" valueSource="MAN" state="dried" user="eve"') * 5,
        event(39, "1\0") * 5,
        event(1).replace("2026-03-01", "2026-02-29"),
        event(1).replace("01:00:00", "24:00:00"),
        event(1).replace("03", "13"),
        event(1).replace("01:00:00", "01:00:60"),
        event(1).replace("01:00:00", "01:00:00.125"),
        event(1).replace("2026-", "26-"),
        event(1).replace("01:00:00", "01:00"),
        event(1).replace("2026-03-01", "2026/03/01"),
        event(1).replace("value", "Value"),
        event(1).replace('"', "'"),
        event(1).replace("<event", "<pi:event"),
        event(1).replace("<event", "<events"),
        event(1).replace("<event", '<event xmlns="urn:other"'),
        event(1).replace(' flag="0"', ' flag="0" flag="0"'),
        "<!-- " + event(1) * 9 + " -->",
        "<![CDATA[" + event(1) * 9 + "]]>",
        "<?pi " + event(1) + "?>",
        "<x>" + event(1) * 5 + "</x>",
        "<properties>" + event(2) * 5 + "</properties>",
        "</series><series>" + HEADER,
        "</series>" + event(3) * 6 + "<series>" + HEADER,
        "<event hydria-run='0'/>",
        "&x;",
        "<!-- ",
        "-->",
        "<!DOCTYPE a>",
        "]]>",
        "\r\n",
        "é",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PARTS | st.integers(4, 40).map(lambda n: "".join(map(event, range(n)))), max_size=8), st.integers(40, 4000)
)
def test_odd_documents(parts: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pi_runs, "PIECE", piece)
        same(document("".join(parts)))


def test_broken_documents() -> None:
    whole = [document("".join(map(event, range(n)))) for n in (3, 40, 90)]
    plain = [told(data, False) for data in mutated(whole, 400, 5)]
    assert [told(data, True) for data in mutated(whole, 400, 5)] == plain
    assert sum(isinstance(one, str) for one in plain) > 50 and sum(not isinstance(one, str) for one in plain) > 10


def test_runs_leave_what_is_plain_and_only_that() -> None:
    plain = "".join(map(event, range(30)))
    assert runs_of(document(plain)) == [30]
    assert runs_of(document(plain + event(30, "1 ") + plain)) == [30, 30]
    assert runs_of(document("<!-- c -->" + plain)) == [30]
    assert runs_of(document(f"<![CDATA[{plain}]]>")) == []
    assert runs_of(document("".join(map(event, range(3))))) == []
    assert runs_of(document(plain + "&amp;" + plain)) == [29, 30], "what stands behind an event must be blank"
    assert runs_of(document(plain.replace("event ", "pi:event "))) == [30], "the parser refuses it where it stands"
    with pytest.raises(FeedError, match="not well-formed"):
        read_pi(document(plain.replace("event ", "pi:event ")), "made")


def test_events_of_several_kinds_are_one_run() -> None:
    """Without flag, with a source, with a comment, one after the other; and what a series has, another need not."""
    marks = ["", ' flag="4"', ' flag="1" flagSource="MAN" user="eve"', ' flag="6" comment="ice on the gauge"']
    some = "".join(event(n, n, marks[n % 4]) for n in range(40))
    data = document(some + "</series><series>" + HEADER + "".join(map(event, range(20))))
    assert runs_of(data) == [40, 20]
    first, second = read_pi(data, "made").series
    assert first.flag[:4].tolist() == [-1, 4, 1, 6] and dict(second.more) == {}
    assert {name: texts[:4].tolist() for name, texts in first.more.items()} == {
        "comment": ["", "", "", "ice on the gauge"], "flagSource": ["", "", "MAN", ""], "user": ["", "", "eve", ""],
    }  # fmt: skip
    same(data)


def test_more_kinds_than_are_looked_for_are_read_all_the_same() -> None:
    data = document("".join(event(n, n, f' flag="0" a{n}="{n}"') for n in range(60)))
    assert sum(runs_of(data)) < 60 and len(read_pi(data, "made").series[0].more) == 60
    same(data)


@pytest.mark.parametrize("prefix", ["pi", "event"])
def test_a_prefix_within_a_run_is_the_parsers_to_judge(prefix: str) -> None:
    """One that is not declared is refused where it stands; one that is declared is read."""
    some = "".join(map(event, range(30)))
    mixed = document(some + "".join(event(n).replace("<event", f"<{prefix}:event") for n in range(9)) + some)
    with pytest.raises(FeedError, match="not well-formed"):
        read_pi(mixed, "made")
    space = f'<TimeSeries xmlns:{prefix}="http://www.wldelft.nl/fews/PI" '.encode()
    declared = mixed.replace(b"<TimeSeries ", space)
    assert len(read_pi(declared, "made").series[0]) == 69
    same(declared)


def test_a_nul_among_digits_is_no_number() -> None:
    with pytest.raises(FeedError, match="not well-formed"):
        read_pi(document("".join(event(n, "1\0") for n in range(40))), "made")


@pytest.mark.parametrize("attributes", ["date time value", "value time date flag", "flag date value time"])
def test_any_order_of_attributes_and_any_prefix(attributes: str) -> None:
    texts = {"date": "2026-03-01", "time": "12:{:02d}:00", "value": "{:02d}.25", "flag": "3"}
    line = "<a:event " + " ".join(f'{name}="{texts[name]}"' for name in attributes.split()) + "/>\r\n"
    data = document("".join(line.format(n, n) for n in range(50)), HEAD.replace("xmlns=", 'xmlns:a="urn:b" xmlns='))
    assert runs_of(data) == [50]
    values = read_pi(data, "made").series[0].value.tolist()
    assert values == [n + 0.25 for n in range(50)]
    same(data)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-8-sig", "us-ascii"])
def test_encodings(encoding: str) -> None:
    plain = "".join(map(event, range(20)))
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>' + document(plain).decode()
    assert len(read_pi(text.encode(encoding), "made").series[0]) == 20
    assert runs_of(text.encode(encoding)) == ([] if encoding == "utf-16" else [20])
    same(text.encode(encoding))


def test_an_encoding_in_which_ascii_is_not_ascii_goes_the_plain_way() -> None:
    assert not is_plain(b'<?xml version="1.0" encoding="UTF-7"?><a/>')
    assert not is_plain(b'<?xml version="1.0" encoding="ISO-2022-JP"?><a/>')
    assert is_plain(b"<?xml version='1.0'?><a/>") and is_plain(b"<a/>")
    assert is_plain(b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8" standalone="no" ?>')


def test_lines_are_told_as_they_are_in_the_file() -> None:
    data = document("\n" + "".join(map(event, range(40))) + "\n<bad\n")
    for in_runs in (True, False):
        with pytest.raises(FeedError, match="line 44"):
            read_pi(data, "made", in_runs=in_runs)


def test_gzip_and_windows_line_ends() -> None:
    data = document("".join(event(n, n, end="/>\r\n\t\t") for n in range(60)))
    assert read_pi(gzip.compress(data), "made").series[0].value.tolist() == list(range(60))


def test_many_short_series() -> None:
    time = np.datetime64("2026-01-01", "ms") + np.arange(24) * np.timedelta64(3600_000, "ms")
    series = [
        PiSeries.of(PiHeader(f"s{n}", "H", step=TimeStep("hour")), time, time.astype(int) % 97 + n) for n in range(300)
    ]
    data = b"".join(pi_xml(series))
    assert runs_of(data) == [24] * 300
    same_series(read_pi(data, "made").series, series)

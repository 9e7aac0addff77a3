"""The file of people's flags is edited by hand, at night: whatever stands in it, the cycle goes on and says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import ConfigError
from hydria_plugin.manual_flags import AS, HEAD, NEVER, FlaggedBuffer, ManualFlag, read_flags, write_flags
from hydria_plugin.testing.samples import HOUR, ISSUED_AT, sample_history, sample_layout, window_of

SOUND = "1,level@s1,2026-03-01T10:00:00Z,,bad,stuck,ana,2026-01-01T00:00:00Z,,"
ROWS = {
    "a short row": "2,level@s1",
    "an open quote": '2,"level@s1,2026-03-01',
    "two wrong rows": "x,a,2026-03-01,,bad,r,a,2026-01-01,,\n3,a,yesterday,,bad,r,a,2026-01-01,,",
    "a moving time": "2,a,now,,bad,r,a,today,,",
    "a year beyond all": "2,a,999999999-01-01,,bad,r,a,2026-01-01,,",
    "a number beyond all": f"{'9' * 5000},a,2026-03-01,,bad,r,a,2026-01-01,,",
    "no verdict": "2,a,2026-03-01,,dreadful,r,a,2026-01-01,,",
}


class Windows:
    """A buffer that gives one window."""

    layout = sample_layout()

    def __init__(self) -> None:
        self.held = window_of(sample_history(self.layout, 300, gaps=0.0), 299)

    def window(self, issued_at: np.datetime64, known_at: np.datetime64):  # type: ignore[no-untyped-def]
        return self.held

    def problems(self) -> tuple[()]:
        return ()


def file_of(folder: Path, *rows: str) -> Path:
    path = folder / "manual_flags.csv"
    path.write_text("\n".join([",".join(HEAD), *rows]) + "\n", encoding="utf-8")
    return path


def bad_in(buffer: FlaggedBuffer) -> int:
    window = buffer.window(ISSUED_AT, ISSUED_AT)
    return int(np.isnan(window.observed.values[0, 0]).sum())


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_wrong_row_is_a_line_and_what_was_said_before_stays_in_force(tmp_path: Path, row: str) -> None:
    path = file_of(tmp_path, SOUND)
    buffer = FlaggedBuffer(Windows(), path)  # type: ignore[arg-type]
    flagged = bad_in(buffer)
    assert flagged > 0 and not buffer.problems()
    file_of(tmp_path, SOUND, row)
    with pytest.raises(ConfigError) as refused:
        read_flags(path)
    assert len(refused.value.faults) == row.count("\n") + 1
    assert all("manual_flags.csv:" in line and "is no flag" in line for line in refused.value.faults)
    assert bad_in(buffer) == flagged
    (problem,) = buffer.problems()
    assert problem.stage == "flags" and "stay in force" in problem.error
    file_of(tmp_path, SOUND)
    assert bad_in(buffer) == flagged and not buffer.problems()


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_start_with_a_wrong_row_believes_no_gauge_that_the_others_fail(tmp_path: Path, row: str) -> None:
    path = file_of(tmp_path, SOUND, row)
    buffer = FlaggedBuffer(Windows(), path)  # type: ignore[arg-type]
    assert bad_in(buffer) > 0, "nothing had been read before, the sound row counts all the same"
    (problem,) = buffer.problems()
    assert "manual_flags.csv:" in problem.error and "the others of the file (1) stay in force" in problem.error
    file_of(tmp_path, row)
    assert bad_in(buffer) > 0 and "those read before stay" in buffer.problems()[0].error


@pytest.mark.parametrize("place", ["folder", "file/in"])
def test_a_file_that_cannot_be_read_is_told_too(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    buffer = FlaggedBuffer(Windows(), tmp_path / place)  # type: ignore[arg-type]
    assert bad_in(buffer) == 0
    assert [p.stage for p in buffer.problems()] == ["flags"]


@settings(max_examples=150)
@given(st.text(max_size=200) | st.lists(st.text(max_size=10), max_size=14).map(",".join))
def test_whatever_stands_in_the_file(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = file_of(tmp_path_factory.mktemp("flags"), SOUND, text)
    try:
        found = read_flags(path)
    except ConfigError as error:
        assert error.faults
    else:
        assert found[0].series == "level@s1"


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
times = st.integers(-60_000_000_000, 200_000_000_000).map(lambda n: np.datetime64(n, "s"))


@settings(max_examples=80)
@given(
    series=words, reason=words, author=words, first=times, last=times | st.just(NEVER), as_=st.sampled_from(sorted(AS))
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    series: str,
    reason: str,
    author: str,
    first: np.datetime64,
    last: np.datetime64,
    as_: str,
) -> None:
    """Breaks of lines, quotes and separators in a reason that was pasted from a mail: on one line, words whole."""
    series = " ".join(series.split()) or "r1"
    path = tmp_path_factory.mktemp("flags") / "manual_flags.csv"
    flags = [ManualFlag(n, series, first, last, as_, reason, author, first + HOUR) for n in (1, 2)]
    write_flags(path, flags)
    assert len(path.read_text(encoding="utf-8").split("\n")) == 4
    for back, flag in zip(read_flags(path), flags, strict=True):
        assert (back.id, back.series, back.as_, back.first) == (flag.id, flag.series, flag.as_, flag.first)
        assert back.reason == " ".join(flag.reason.split()) and back.author == " ".join(flag.author.split())
        assert np.array_equal([back.last, back.withdrawn_at], [flag.last, NEVER], equal_nan=True)


def test_a_time_with_a_zone_is_that_moment(tmp_path: Path) -> None:
    (flag,) = read_flags(file_of(tmp_path, SOUND.replace("10:00:00Z", "11:00:00+01:00")))
    assert flag.first == np.datetime64("2026-03-01T10:00:00", "s")

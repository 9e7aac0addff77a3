"""Every real file of ../shared/samples: of a host of ours and read as a plain look finds it, or refused with the cause
named; or of none, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.adapters import samples
from benchmarks.adapters.sample_readers import Outcome
from benchmarks.adapters.samples import HOSTS, OTHERS, ROOT, SAMPLES, Row, row_of

FILES = sorted(p for p in SAMPLES.rglob("*") if p.is_file()) if SAMPLES else []
real = pytest.mark.skipif(SAMPLES is None, reason="../shared/samples is not beside this checkout")


@real
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SAMPLES).as_posix())
def test_a_real_file(path: Path) -> None:
    assert SAMPLES is not None
    row = row_of(path, SAMPLES)
    assert row.is_right, f"{row.outcome} where a plain look finds {row.truth!r}; {row.why or 'nobody reads it'}"
    if row.outcome is not None and row.outcome.is_refused:
        assert isinstance(row.truth, str) and row.truth, "a refusal has a cause"
    assert str(SAMPLES) not in row.cells()[3], "a table holds no path of the machine it was made on"


@real
def test_every_host_has_its_files_and_the_table_is_that_of_today() -> None:
    assert SAMPLES is not None
    assert {HOSTS.get(f.relative_to(SAMPLES).parts[0]) for f in FILES} - {None} == set(HOSTS.values())
    kept = (ROOT / "benchmarks" / "adapters" / "SAMPLES.md").read_text()
    assert [f.name for f in FILES if f"| {f.relative_to(SAMPLES).as_posix()} |" not in kept] == []


def test_what_is_wrong_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """A file that nobody knows, one of which values are lost, one that is refused for another cause."""
    (tmp_path / "new-host").mkdir()
    (tmp_path / "new-host" / "a.xml").write_text("<a/>")
    (tmp_path / "vigicrues").mkdir()
    (tmp_path / "vigicrues" / "b.json").write_text('{"Serie": {"ObssHydro": [[1615849200000, "x"]]}}')
    monkeypatch.setattr(samples, "SAMPLES", tmp_path)
    assert samples.main() == 2
    told = capsys.readouterr().out
    assert "| new-host/a.xml | none | - | UNACCOUNTED FOR | NO |" in told and "wrong 2" in told
    assert not Row("a", "fews", Outcome("read_pi", 0, "", ("a: is not XML",)), "NetCDF").is_right
    assert not Row("a", "fews", Outcome("read_pi", 3, "events"), "NetCDF").is_right


def test_each_reason_says_something() -> None:
    assert all(len(why) > 20 for why in OTHERS.values()) and not set(HOSTS) & set(OTHERS)

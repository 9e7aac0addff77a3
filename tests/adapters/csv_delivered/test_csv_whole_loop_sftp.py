"""The whole loop through a folder on a real OpenSSH server: delivered, read, moved; bulletins, alerts, reports back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from sftp_server import SftpServer
from whole_loop import Hosted, Rows, run_loop


def test_whole_loop_over_sftp(tmp_path: Path, sftp_server: SftpServer) -> None:
    feeds, out = sftp_server.root / "feeds", sftp_server.root / "out"
    feeds.mkdir()
    put_files = []

    def put(rows: Rows) -> None:
        name = f"{rows.times.max()}".replace(":", "")
        lines = [f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True)]
        for again in ("", "_again"):  # a host that delivers twice
            (feeds / f"{name}{again}.csv").write_text("time,series,value\n" + "".join(lines))
            (feeds / f"{name}{again}.csv.done").touch()
        put_files.append(name)

    delivered = 'delivered = { ready = ".done", done = "done", error = "error", ledger = "ledger.jsonl" }'
    source = f'{{ use = "csv", {sftp_server.toml("/feeds")}, {delivered} }}'
    sink = f'{{ use = "csv", {sftp_server.toml("/out")}, form = "long" }}'
    loop = run_loop_told_twice(tmp_path, Hosted(put, source, [sink]))
    for bulletin in loop.bulletins:
        stamp = str(bulletin.issued_at)[:16].replace(":", "").replace("-", "")
        with next((out / "loop").glob(f"{stamp}*r0.csv")).open() as lines:
            rows = list(csv.DictReader(lines))
        told = np.array([float(r["value"]) for r in rows]).reshape(bulletin.forecast.values.shape)
        np.testing.assert_allclose(told, bulletin.forecast.values, rtol=1e-6)
    alerts = "".join(p.read_text() for p in (out / "loop").glob("*_alerts.csv"))
    assert all(alert.event in alerts for alert in loop.news)
    events = {json.loads(p.read_text())["event"] for p in (out / "reports").glob("*.json")}
    assert events == {r.event for r in loop.reports} and "" not in events
    assert not [p for p in feeds.iterdir() if p.is_file()], "all was read and moved"
    assert {p.name for p in (feeds / "done").iterdir()} >= {f"{name}.csv" for name in put_files}
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == len(put_files)


def run_loop_told_twice(folder: Path, hosted: Hosted):
    """The loop; that a file came twice is a Problem, and the only one that is allowed."""
    import whole_loop

    check = whole_loop.check_whole

    def checked(bulletin) -> None:
        from dataclasses import replace

        other = tuple(p for p in bulletin.problems if "byte by byte: it counts once" not in p.error)
        assert len(other) < len(bulletin.problems), "the second delivery must be told"
        check(replace(bulletin, problems=other))

    whole_loop.check_whole = checked
    try:
        return run_loop(folder, hosted)
    finally:
        whole_loop.check_whole = check

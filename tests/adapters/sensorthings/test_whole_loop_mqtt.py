"""The whole loop through a real Mosquitto: what happens now comes from it, forecasts, an alert and its report are kept
there. The years before come from files: a broker keeps one message of a topic."""

from __future__ import annotations

import json
import time
from pathlib import Path

from mosquitto import Listener, Mosquitto, retained
from test_whole_loop_sensorthings import TO_HOST, UNITS, check_broker
from whole_loop import CYCLES, SERIES, Hosted, Rows, run_loop


def test_whole_loop_through_a_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    archive, speaker, said = tmp_path / "archive", Listener(mosquitto.port), []
    archive.mkdir()

    def put(rows: Rows) -> None:
        if not any(archive.iterdir()):
            lines = [f"{t}Z,{s},{v}\n" for s, t, v in zip(rows.series, rows.times, rows.values, strict=True)]
            (archive / "history.csv").write_text("time,series,value\n" + "".join(lines))
            return
        for series, stamp, value in zip(rows.series, rows.times, rows.values, strict=True):
            scale = TO_HOST[UNITS[series]]
            message = json.dumps({"phenomenonTime": f"{stamp}Z", "result": float(value) * scale}).encode()
            speaker.say(f"site/{series}/observations", message, retain=True)
            speaker.say(f"site/{series}/observations", message, retain=True)  # a broker that delivers twice
            said.append((series, stamp))
        time.sleep(0.3)

    feeds = ", ".join(
        f'{{ topic = "site/{series}/observations", series = "{series}", unit = "{UNITS[series]}" }}'
        for series in SERIES
    )
    source = f'{{ use = "history-and-mqtt", url = "{mosquitto.address}", archive = "archive", feeds = [{feeds}] }}'
    sink = f'{{ use = "mqtt", url = "{mosquitto.address}" }}'
    modules = {"mqtt": "hydria_sensorthings", "history-and-mqtt": "history_and_mqtt"}
    loop = run_loop(tmp_path, Hosted(put, source, [sink], modules))
    speaker.close()
    assert len(said) == CYCLES * len(SERIES)
    check_broker(retained(mosquitto.port), loop)

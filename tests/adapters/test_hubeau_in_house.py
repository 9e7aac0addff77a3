"""What the house makes of it: the State's forecast as one's own, a fast clock found out, late values taken in."""

from __future__ import annotations

import json

import numpy as np
from hubeau_host import NOW, Hubeau, row
from test_hubeau_names import layout_of
from test_vigicrues import AHEAD, POINTS, SEEN, by_station, observed
from web_server import Server, text

from hydria_hubeau.hubeau import HubeauSource
from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import Flag
from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.forecasters.host_forecast import HostForecast

HOUR = np.timedelta64(3600, "s")
ISSUE = NOW.astype("datetime64[s]")


def test_the_states_forecast_is_a_host_forecast(web_server: Server) -> None:
    """Issued at 05:26:26 UTC for each hour of the day, in m; the station is in cm."""
    layout = layout_of("K490003010.H", "level", "cm")
    hours = 1 + int(layout.horizon * layout.step / HOUR)
    prevs = [
        {"DtPrev": f"{np.datetime64('2026-11-26T06:00') + n * HOUR}+00:00", "ResMoyPrev": round(0.5 + n / 10, 1)}
        for n in range(hours)
    ]
    run = {"CdEntVigiCru": "K490003010", "GrdSimul": "H", "DtProdSimul": "2026-11-26T07:26:26+02:00", "Prevs": prevs}
    web_server.says[SEEN] = [by_station({("K490003010", "H"): observed("K490003010", "H", POINTS)})]
    web_server.says[AHEAD] = [text(200, json.dumps({"Simul": run}).encode())]
    made = VigicruesSource(url=f"{web_server.address}/services", clock=lambda: NOW, layout=layout, pause_s=0)
    assert layout.step == HOUR, "the sample's step"
    window = SeriesBuffer(layout, made, overlap=6 * HOUR).window(ISSUE, NOW)
    np.testing.assert_allclose(window.observed.values[0, 0, -6:][0:5], [41, 42, 43, 44, 45], rtol=1e-9)
    centre = HostForecast().forecast(window).median[0]
    np.testing.assert_allclose(centre, [60 + 10 * n for n in range(layout.horizon)], rtol=1e-9)


def test_a_fast_clock_is_found_out_when_its_time_comes(web_server: Server) -> None:
    layout = layout_of("V714401001.H", "level", "m", "level", "V711501001.H")
    hubeau = Hubeau(web_server, [row("V714401001", "H", f"2026-11-26T0{h}:00:00Z", 1000 + h) for h in range(7)])
    hubeau.rows.append(row("V714401001", "H", "2026-11-26T06:40:00Z", 9000))
    hubeau.rows[6]["date_obs"] = "2026-11-26T05:30:00Z"
    now = [NOW]
    made = HubeauSource(url=hubeau.url, clock=lambda: now[0], layout=layout, pause_s=0)
    buffer = SeriesBuffer(layout, made, overlap=6 * HOUR)
    assert buffer.window(ISSUE, NOW).observed.values[0, 0, -1] == 1.006
    now[0] = NOW + np.timedelta64(3600, "s")
    window = buffer.window(ISSUE + HOUR, now[0])
    assert window.observed.flags[0, 0, -1] == Flag.FAIL
    assert any("stamped up to 40 min after they were received" in p.error for p in buffer.problems())


def test_a_value_that_comes_an_hour_late_is_taken_in(web_server: Server) -> None:
    layout = layout_of("V714401001.H", "level", "m", "level", "V711501001.H")
    hubeau = Hubeau(web_server, [row("V714401001", "H", "2026-11-26T04:00:00Z", 1004)])
    now = [NOW]
    made = HubeauSource(url=hubeau.url, clock=lambda: now[0], layout=layout, pause_s=0)
    buffer = SeriesBuffer(layout, made, overlap=6 * HOUR)
    assert np.isnan(buffer.window(ISSUE, NOW).observed.values[0, 0, -2])
    hubeau.rows.append(row("V714401001", "H", "2026-11-26T05:00:00Z", 1005))
    now[0] = NOW + np.timedelta64(3600, "s")
    assert buffer.window(ISSUE + HOUR, now[0]).observed.values[0, 0, -3] == 1.005

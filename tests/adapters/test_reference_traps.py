"""What hosts do that a reader of their documentation would not expect, where no other test shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from channel_bulletins import LIMITS, bulletin
from hubeau_host import Hubeau, row, wanted
from test_cap_sink import messages
from test_cap_sink import sink as cap_sink
from test_sandre_sink import bulletin as sandre_bulletin
from test_sandre_sink import root_of
from test_sandre_sink import sink as sandre_sink
from test_vigicrues import POINTS, SEEN, H, observed
from test_vigicrues import source as vigicrues_source
from web_server import Server, text
from webhook_receivers import sink as webhook_sink

from hydria_hubeau.hubeau import HubeauSource
from hydria_plugin.drawing import Words
from hydria_webhook.alertmanager import alerts_of


def test_negative_levels_and_discharges_of_hubeau_are_values(web_server: Server) -> None:
    """A level is above the gauge's own zero, and canalised rivers flow backwards."""
    host = Hubeau(web_server)
    host.rows = [
        row("V714401001", "H", "2026-11-26T05:00:00Z", -120),
        row("V714401001", "Q", "2026-11-26T05:00:00Z", -2500),
    ]
    made = HubeauSource(url=host.url, pause_s=0, clock=lambda: host.now)
    table = made.read(wanted(["V714401001.H", "V714401001.Q"])).set_index("series")
    assert table["value"].to_dict() == {"V714401001.H": -0.12, "V714401001.Q": -2.5}


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_names_within_messages_of_vigicrues_change_their_case(web_server: Server, change) -> None:
    """They did between 2023 and 2026."""
    message = json.loads(observed("K490003010", "H", POINTS))
    message["Serie"] = {change(name): value for name, value in message["Serie"].items()}
    web_server.says[SEEN] = [text(200, json.dumps({change("Serie"): message["Serie"]}).encode())]
    assert len(vigicrues_source(web_server).read(wanted([H]))) == len(POINTS)


@pytest.mark.parametrize("chosen", [(0.1, 0.5, 0.9), (0.05, 0.5, 0.95), (0.25, 0.5, 0.75)])
def test_which_quantiles_min_mean_and_max_are_is_the_admins_choice(
    tmp_path: Path, chosen: tuple[float, float, float]
) -> None:
    """The national library takes the ends of the range, Vigicrues one in ten."""
    made = sandre_bulletin()
    sandre_sink(tmp_path, min_mean_max=list(chosen)).write(made)
    points = list(root_of(tmp_path).iter("Prev"))[: made.layout.horizon]
    told = np.array([[float(p.findtext(f"Res{n}Prev") or "nan") for n in ("Min", "Moy", "Max")] for p in points])
    columns = [made.forecast.quantiles.index(q) for q in chosen]
    np.testing.assert_allclose(told, 1000 * made.forecast.values[0][:, columns], atol=5.1e-4)


def test_every_channel_says_that_the_level_is_no_official_warning(tmp_path: Path, web_server: Server) -> None:
    """The colours of Vigilance are the State's."""
    cap_sink(tmp_path).write(bulletin())
    texts = [info.description for message in messages(tmp_path) for info in message.infos]
    web_server.says["/hook"] = [text(200)]
    webhook_sink(web_server).write(bulletin())
    texts += [one["text"] for one in json.loads(web_server.calls[0][3])["data"]["texts"].values()]
    words = (Words.of("fr", "UTC"), Words.of("en", "UTC"))
    (alert, *_) = alerts_of(bulletin(), words, LIMITS, {}, {}, np.timedelta64(6, "h"))[:1]
    texts += [alert["annotations"]["description"], alert["annotations"]["description_en"]]
    assert len(texts) == 6
    assert all("non une vigilance Vigicrues" in one or "not an official warning" in one for one in texts)

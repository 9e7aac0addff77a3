"""Bulletins, alerts and reports to an MQTT broker, which keeps the newest of each topic for those who come later."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hydria_plugin import Bulletin, ConfigError, Report, Secret

from .broker import Broker, Door
from .messages import alert_message, forecast_message, report_message, topic_faults
from .naming import word_faults
from .plan import told_alerts
from .scheme import ALERTS


class MqttSink:
    """Publishes one message per station and bulletin, one per alert, one per report: quality of service 1, retained.

    The keyword-only parameters are the TOML options; README.md says what each means.
    """

    def __init__(
        self,
        *,
        url: str,
        hosts: Sequence[str] = (),
        user: str = "",
        password: Secret | None = None,
        ca: str = "",
        client: str = "",
        timeout_s: float = 10.0,
        forecast: str = "hydria/{pipeline}/{station}/forecast",
        alert: str = "hydria/{pipeline}/{station}/alert",
        report: str = "hydria/reports/{station}/{kind}",
        status: str = "hydria/status",
        retain: bool = True,
        alerts: str = "news",
        pictures: bool = False,
    ) -> None:
        door = Door(url, tuple(hosts), user, password, ca, client, timeout_s)
        faults = door.faults()
        faults += word_faults("forecast", forecast, ("pipeline", "station"), ("station",))
        faults += word_faults("alert", alert, ("pipeline", "station"), ("station",))
        faults += word_faults("report", report, ("station", "kind"), ("station", "kind"))
        topics = {"forecast": forecast, "alert": alert, "report": report, "status": status}
        faults += [fault for option, topic in topics.items() for fault in topic_faults(option, str(topic))]
        faults += [f"alert = {alert!r} must differ from forecast"] if alert == forecast else []
        faults += [] if alerts in ALERTS else [f"alerts = {alerts!r} must be 'news' or 'all'"]
        switches = {"retain": retain, "pictures": pictures}
        faults += [f"{n} = {v!r} must be true or false" for n, v in switches.items() if not isinstance(v, bool)]
        if faults:
            raise ConfigError([f"sink mqtt: {fault}" for fault in faults])
        self._door, self._broker = door, Broker(door, status)
        self._forecast, self._alert, self._report = forecast, alert, report
        self._retain, self._alerts, self._pictures = retain, alerts, pictures
        self._lock = threading.Lock()  # a call that is late goes on beside the next one

    def write(self, bulletin: Bulletin) -> None:
        """Alerts first: they are what is waited for. Raises FeedError."""
        alerts = [alert_message(bulletin, a, self._alert) for a in told_alerts(bulletin.alerts, self._alerts)]
        rows = range(len(bulletin.layout.stations))
        with self._lock:
            self._broker.publish(
                [*alerts, *(forecast_message(bulletin, row, self._forecast) for row in rows)], self._retain
            )

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Raises FeedError."""
        with self._lock:
            self._broker.publish([report_message(r, self._report, self._pictures) for r in reports], self._retain)

    def probe(self) -> str:
        """Whether the broker takes us; nothing is published. Raises FeedError."""
        broker = Broker(self._door)
        broker.open()
        broker.close()
        kept = "kept by the broker" if self._retain else "not kept"
        ways = f"forecasts go to {self._forecast}, alerts to {self._alert}"
        return f"{self._door.address}: the broker takes us; {ways}, {kept}."

    def close(self) -> None:
        self._broker.close()

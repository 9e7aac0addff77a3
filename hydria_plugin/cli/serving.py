"""``hydria serve``: the daemon's shell around the host. Signals and systemd are its business only."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import HydriaError
from ..host import open_host
from .speaking import one_line

if TYPE_CHECKING:
    from ..host import Host

logger = logging.getLogger("hydria.serve")

FRESH = 60.0  # seconds: the watchdog is told that all is well while the last tick is younger


def serve_until_stopped(config: str, as_json: bool) -> int:
    """Start the host, wait for SIGTERM or SIGINT, stop it. SIGHUP reloads the configuration."""
    set_up_log(as_json)
    stop, reload = threading.Event(), threading.Event()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload)):
        signal.signal(number, raises(event))
    host = open_host(config, isolate=True)
    host.start()
    notify("READY=1")
    say(as_json, "started", ", ".join(host.settings.pipelines))
    try:
        watch(host, stop, reload, Watchdog(os.environ, notify))
    finally:
        notify("STOPPING=1")
        host.close()
    say(as_json, "stopped", "every finished step is in the store")
    return 0


def set_up_log(as_json: bool) -> None:
    """One line per event on stderr, UTC; HYDRIA_LOG sets the level."""
    names, asked = logging.getLevelNamesMapping(), os.environ.get("HYDRIA_LOG", "INFO").upper()
    form = JsonLines() if as_json else logging.Formatter(PLAIN)
    form.converter = time.gmtime
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(form)
    logging.basicConfig(level=names.get(asked, logging.INFO), handlers=[lines], force=True)
    for chatty in ("apscheduler", "hydria.schedule.apscheduler", "alembic.runtime.plugins"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def raises(event: threading.Event) -> Callable[[int, FrameType | None], None]:
    """A signal handler that sets ``event``."""

    def handler(number: int, frame: FrameType | None) -> None:
        event.set()

    return handler


PLAIN = "%(asctime)sZ %(levelname)s %(name)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object per event, a traceback inside it."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        facts = {"time": f"{at}Z", "level": record.levelname, "logger": record.name}
        told = {"message": record.getMessage()} | (
            {"error": self.formatException(record.exc_info)} if record.exc_info else {}
        )
        return json.dumps({**facts, **told}, ensure_ascii=False)


def watch(host: Host, stop: threading.Event, reload: threading.Event, dog: Watchdog) -> None:
    """Once a second: reload where asked, tell the watchdog, until stopped."""
    while not stop.wait(1.0):
        if reload.is_set():
            reload.clear()
            reloaded(host)
        dog.feed(host.tick_age)


def reloaded(host: Host) -> None:
    """Take the configuration anew; a bad one is told and the old one runs on."""
    try:
        host.reload()
        logger.info("configuration reloaded")
    except HydriaError as error:
        logger.error("configuration refused, the old one runs on: %s", one_line(error))
    except Exception:  # of a plug-in, say: no reason to stop forecasting
        logger.exception("configuration not reloaded, the old one runs on")


class Watchdog:
    """Tells systemd that the scheduler lives, at half the interval it asks for, only while the last tick is fresh."""

    def __init__(self, environ: Any, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.every = int(environ.get("WATCHDOG_USEC", "0")) / 2e6
        self.tell, self.clock, self.told_at = tell, clock, float("-inf")

    def feed(self, tick_age: float | None) -> bool:
        """Ping where it is time to and the tick is fresh; True if it was told."""
        due = self.every > 0 and self.clock() - self.told_at >= self.every
        if not due or tick_age is None or tick_age > FRESH:
            return False
        self.tell("WATCHDOG=1")
        self.told_at = self.clock()
        return True


def notify(state: str) -> None:
    """systemd's notification protocol (sd_notify(3)); nothing where nobody listens (any more)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect("\0" + address[1:] if address.startswith("@") else address)
            line.sendall(state.encode())
    except OSError as error:  # no reason to stop forecasting
        logger.warning("not told to the supervisor state=%s address=%s error=%s", state, address, error)


def say(as_json: bool, what: str, detail: str) -> None:
    """A line of the daemon's life on stdout; where nobody takes it (a full disk), no reason to stop forecasting."""
    line = json.dumps({"event": what, "detail": detail}) if as_json else f"hydria {what}: {detail}"
    try:
        print(line, flush=True)
    except OSError as error:
        logger.warning("not told on stdout event=%s error=%s", what, error)

"""The commands. Each imports what it needs when it runs: help and the list of plug-ins come without heavy libraries.

looking.py   check, plugins, sample         learning.py   train, models
running.py   once, serve, demo              scoring.py    backtest, verify
explaining.py  knox                           flagging.py   flag
importing.py   import
"""

from __future__ import annotations

import io
import logging
import os
import sys

import typer

from . import explaining, flagging, importing, learning, looking, running, scoring
from .speaking import Spoken

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Spoken,
    name="hydria",
    help="Flood forecasts, their doubt and their reasons, inside the hydrological platform you already run.",
    epilog="Start with: hydria demo DIR. Exit codes: 0 done, 1 it failed, 2 the configuration or the command is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for room in (running, looking, importing, learning, flagging, scoring, explaining):
    room.register(app)


def main() -> None:
    """The entry point ``hydria``. HYDRIA_LOG=INFO shows the log; commands tell themselves what matters to people."""
    level = os.environ.get("HYDRIA_LOG", "").upper()
    if level in logging.getLevelNamesMapping():
        logging.basicConfig(level=level, stream=sys.stderr)
    logging.getLogger("hydria").addHandler(logging.NullHandler())
    write_anything()
    try:
        app(prog_name="hydria")
    except BrokenPipeError:  # `hydria --help | head`
        sys.stderr.close()
        raise SystemExit(0) from None


def write_anything() -> None:
    """A character that the terminal has no sign for is written as its number: no reason to lose what is told."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

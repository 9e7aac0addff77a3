"""flag: what a person says of a gauge's values."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from .moments import moment
from .speaking import Config, Json, columns, guarded, tell

Series = Annotated[str, typer.Argument(help="The series, as in stations.csv or inputs.csv.")]
Author = Annotated[str, typer.Option(help="Who says so; by default the user of this system.")]


def register(app: typer.Typer) -> None:
    flags = typer.Typer(
        no_args_is_help=True, help="Values that a person calls bad, suspect or good: set, list, withdraw."
    )
    for name, command in (("set", set_flag), ("list", list_flags), ("withdraw", withdraw_flag)):
        flags.command(name)(guarded(command))
    app.add_typer(flags, name="flag")


def set_flag(
    config: Config,
    series: Series,
    first: Annotated[str, typer.Option("--from", help="First time stamp.")],
    reason: Annotated[str, typer.Option(help="Why, for those who read it later.")],
    last: Annotated[str, typer.Option("--to", help="Last time stamp; until withdrawn by default.")] = "",
    as_: Annotated[
        str, typer.Option("--as", help="bad: a gap from now on; suspect; good: whatever tests say.")
    ] = "bad",
    author: Author = "",
    as_json: Json = False,
) -> None:
    """Flag the values of a series in a period; from the next step on, in training and in backtests."""
    from ..workshop.flags import add_flag

    ends = moment(last, "--to") if last else None
    added = add_flag(Path(config), series, moment(first, "--from"), ends, as_, reason, author or user())
    tell(as_json, {"exit": 0, "flag": added}, f"{added['id']}: {line(added)}")


def list_flags(
    config: Config,
    every: Annotated[bool, typer.Option("--all", help="Those withdrawn too.")] = False,
    as_json: Json = False,
) -> None:
    """The flags in force."""
    from ..workshop.flags import flags_in

    rows = flags_in(Path(config), every)
    head = ("id", "series", "from", "to", "as", "reason", "author", "set_at", "withdrawn_at", "withdrawn_by")
    shown = [[str(row[name]) for name in head] for row in rows]
    tell(as_json, {"exit": 0, "flags": rows}, columns(shown, head) if rows else "no flags")


def withdraw_flag(
    config: Config,
    number: Annotated[int, typer.Argument(help="Its id, as `hydria flag list` shows it.")],
    author: Author = "",
    as_json: Json = False,
) -> None:
    """Take a flag back: the tests judge those values again. Its line stays, for replays."""
    from ..workshop.flags import take_back

    taken = take_back(Path(config), number, author or user())
    tell(as_json, {"exit": 0, "flag": taken}, f"{taken['id']}: withdrawn")


def user() -> str:
    """Who runs this; the number where the system has no name for it, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def line(flag: dict[str, Any]) -> str:
    until = f"to {flag['to']}" if flag["to"] else "until withdrawn"
    return f"{flag['series']} from {flag['from']} {until} is {flag['as']}: {flag['reason']} ({flag['author']})"

"""How commands speak: text for people or JSON for machines, errors on one line."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ParamSpec

import typer

from ..errors import ConfigError, HydriaError

Config = Annotated[str, typer.Argument(help="The configuration file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
P = ParamSpec("P")

FAILED, WRONG = 1, 2  # exit codes: it failed; the configuration or the command is wrong


def guarded(command: Callable[P, int | None]) -> Callable[P, None]:
    """The command with its errors told on one line each; what it returns is the exit code. HYDRIA_DEBUG=1 shows the
    traceback of an error nobody foresaw."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs) or 0
        except ConfigError as error:
            code = complain(error.faults, WRONG, kwargs)
        except HydriaError as error:
            code = complain([one_line(error)], FAILED, kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            code = complain(["stopped by the keyboard"], 130, kwargs)
        except Exception as error:
            if os.environ.get("HYDRIA_DEBUG"):
                raise
            told = f"unexpected {type(error).__name__}: {one_line(error)} (HYDRIA_DEBUG=1 shows where)"
            code = complain([told], FAILED, kwargs)
        raise typer.Exit(code)

    return run


def complain(lines: Sequence[str], code: int, options: Mapping[str, Any]) -> int:
    """Tell faults on stderr, and on stdout too where JSON was asked for; gives the exit code back."""
    for line in lines:
        print(line, file=sys.stderr)
    if options.get("as_json"):
        print(json.dumps({"exit": code, "faults" if code == WRONG else "errors": list(lines)}, ensure_ascii=False))
    return code


def one_line(error: BaseException) -> str:
    """The text of an error, with its cause where the text does not hold it."""
    text = " ".join(str(error).split()) or type(error).__name__
    cause = " ".join(str(error.__cause__ or "").split())
    return f"{text} ({cause})" if cause and cause not in text else text


def tell(as_json: bool, facts: Any, text: str) -> None:
    """``facts`` for machines or ``text`` for people, on stdout."""
    print(json.dumps(facts, ensure_ascii=False, default=str) if as_json else text)


def columns(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """A plain table, columns as wide as their widest cell."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

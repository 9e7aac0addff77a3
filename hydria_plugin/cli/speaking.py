"""How commands speak: text for people or JSON for machines, errors on one line."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from signal import SIGTERM
from typing import Annotated, Any, ParamSpec

import typer
from typer.core import TyperGroup

from ..errors import ConfigError, HydriaError

Config = Annotated[str, typer.Argument(help="The configuration file (TOML).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
P = ParamSpec("P")

UsageError: Any = typer.BadParameter.__base__  # typer's own copy of click, or click's: older versions of typer
WORDS = "hydria.words"
FAILED, WRONG = 1, 2  # exit codes: it failed; the configuration or the command is wrong


class Terminated(BaseException):
    """The process was told to stop."""


class Unheard(Exception):
    """What was printed on stdout reached nobody."""


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM unwinds the command as Ctrl-C does, so that what it holds is let go; in the main thread, and where nobody
    else listens to it."""

    def told(*_: object) -> None:
        raise Terminated

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(SIGTERM, told)
    try:
        yield
    finally:
        if ours:
            signal.signal(SIGTERM, signal.SIG_DFL)


def guarded(command: Callable[P, int | None]) -> Callable[P, None]:
    """The command with its errors told on one line each; what it returns is the exit code. HYDRIA_DEBUG=1 shows the
    traceback of an error nobody foresaw."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with stoppable():
                code = command(*args, **kwargs) or 0
        except ConfigError as error:
            code = complain(error.faults, WRONG, kwargs)
        except HydriaError as error:
            code = complain([one_line(error)], FAILED, kwargs)
        except typer.BadParameter as error:
            code = complain([error.message], WRONG, kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            code = complain(["stopped by the keyboard"], 130, kwargs)
        except Terminated:
            code = complain(["stopped by SIGTERM"], 143, kwargs)
        except Unheard as error:
            code = not_heard(error.__cause__)
        except Exception as error:
            if os.environ.get("HYDRIA_DEBUG"):
                raise
            told = f"unexpected {type(error).__name__}: {one_line(error)} (HYDRIA_DEBUG=1 shows where)"
            code = complain([told], FAILED, kwargs)
        raise typer.Exit(code)

    return run


def say(text: str) -> None:
    """A line or more on stdout, handed over at once. Raises Unheard where nobody takes it."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the rest goes nowhere, at the end too
        raise Unheard from error


def not_heard(why: BaseException | None) -> int:
    """The exit code then. A reader that has enough (`hydria ... | head`) is no fault; a full disk is one: what follows
    in a script must not work on half of it."""
    if isinstance(why, BrokenPipeError):
        return 0
    print(f"what was found cannot be written: {getattr(why, 'strerror', why)}", file=sys.stderr)
    return FAILED


class Spoken(TyperGroup):
    """The commands; one that is typed wrongly is told in JSON too, where JSON was asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[WORDS] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            if any(word.partition("=")[0] == "--json" for word in ctx.meta[WORDS]):
                print(told_json([" ".join(error.format_message().split())], WRONG))
            raise


def complain(lines: Sequence[str], code: int, options: Mapping[str, Any]) -> int:
    """Tell faults on stderr, and on stdout too where JSON was asked for; gives the exit code back."""
    for line in lines:
        print(line, file=sys.stderr)
    if options.get("as_json"):
        with suppress(Unheard):  # it was told on stderr
            say(told_json(lines, code))
    return code


def told_json(lines: Sequence[str], code: int) -> str:
    return in_json({"exit": code, "faults" if code == WRONG else "errors": list(lines)})


def in_json(facts: Any, indent: int | None = None) -> str:
    """In the letters that stdout can write; where those are few, the others are escaped as JSON does."""
    text = json.dumps(facts, ensure_ascii=False, default=str, indent=indent)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return json.dumps(facts, default=str, indent=indent)
    return text


def one_line(error: BaseException) -> str:
    """The text of an error, with its cause where the text does not hold it."""
    text = " ".join(str(error).split()) or type(error).__name__
    cause = " ".join(str(error.__cause__ or "").split())
    return f"{text} ({cause})" if cause and cause not in text else text


def tell(as_json: bool, facts: Any, text: str) -> None:
    """``facts`` for machines or ``text`` for people, on stdout."""
    say(in_json(facts) if as_json else text)


def columns(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """A plain table, columns as wide as their widest cell."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)

"""Asking for JSON: politely, with patience for a hiccup and none for a host that is down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import numpy as np

from hydria_plugin import FeedError, Problem
from hydria_plugin.exchange import Answer, Refusal, Web, moment

T = TypeVar("T")
HOPELESS = 2  # pieces in a row without an answer, after which the rest is not asked for
AHEAD = np.timedelta64(5, "m")  # how far two clocks may be apart


def asked(web: Web, path: str, params: Mapping[str, Any]) -> tuple[Any, Answer]:
    """The message at ``path``, and the answer that held it. Half a message is asked for once more."""
    answer = web.get(path, params)
    try:
        return answer.json(), answer
    except FeedError:
        answer = web.get(path, params)
        return answer.json(), answer


def gathered(pieces: Sequence[T], ask: Callable[[T], None]) -> list[FeedError]:
    """Ask for each piece; what failed. Raises FeedError when nothing was answered: the host is down, or refuses us."""
    failed: list[FeedError] = []
    answered = silent = 0
    for n, piece in enumerate(pieces):
        if silent == HOPELESS:
            failed.append(FeedError(f"{len(pieces) - n} more calls were not made: the host does not answer"))
            break
        try:
            ask(piece)
            answered, silent = answered + 1, 0
        except Refusal as refusal:  # the host is there
            failed.append(refusal)
            silent += refusal.status >= 500
        except FeedError as error:
            failed.append(error)
            silent += 1
    if failed and not answered:
        raise failed[0]
    return failed


def apart(answer: Answer | None, now: np.datetime64) -> np.timedelta64 | None:
    """How far our clock is behind the host's, where that is more than a delay in the network."""
    if answer is None:
        return None
    try:
        theirs = moment(parsedate_to_datetime(answer.headers.get("date", "")).isoformat())
    except (ValueError, TypeError, IndexError):
        return None
    behind = theirs - now
    return behind if abs(behind) > AHEAD else None


def true_time(answer: Answer | None, now: np.datetime64) -> np.datetime64:
    """The host's time where our clock is behind it: else all of its values would seem to be stamped ahead."""
    behind = apart(answer, now)
    return now if behind is None else max(now, now + behind)


def clock_problem(answer: Answer | None, now: np.datetime64) -> list[Problem]:
    """One sentence where the clocks of the host and of this machine differ."""
    behind = apart(answer, now)
    if behind is None or answer is None:
        return []
    minutes = int(behind / np.timedelta64(1, "m"))
    word = "behind" if minutes > 0 else "ahead of"
    text = f"the clock of this machine is {abs(minutes)} min {word} the host's ({answer.place})"
    return [Problem("source", None, f"{text}: set it right, or values come too late or not at all")]

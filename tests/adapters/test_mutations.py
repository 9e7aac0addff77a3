"""The fuzzer itself: seeded, really breaking, and it finds what it should."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from mutations import check_survives, mutated

from hydria_plugin import FeedError

MESSAGE = json.dumps({"rows": [{"time": "2026-01-01T00:00:00Z", "value": n} for n in range(20)]}).encode()


def strict(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeedError(str(error) or "not JSON") from error


def test_the_same_seed_breaks_the_same_way() -> None:
    assert list(mutated([MESSAGE], 50, 3)) == list(mutated([MESSAGE], 50, 3)) != list(mutated([MESSAGE], 50, 4))


def test_messages_are_broken_and_not_all_beyond_reading() -> None:
    refused = check_survives(strict, [MESSAGE], 400)
    assert 100 < refused < 395
    assert sum(m != MESSAGE for m in mutated([MESSAGE], 400, 1)) > 380


def test_a_traceback_is_found() -> None:
    with pytest.raises(AssertionError, match="JSONDecodeError"):
        check_survives(json.loads, [MESSAGE], 400)


def test_a_hang_is_found() -> None:
    def slow(data: bytes) -> None:
        until = time.process_time() + 1.1
        while time.process_time() < until:
            pass

    with pytest.raises(AssertionError, match=r"1\.\d s for"):
        check_survives(slow, [MESSAGE], 1)


def test_a_refusal_without_a_word_is_found() -> None:
    def mute(data: bytes) -> None:
        raise FeedError("")

    with pytest.raises(AssertionError, match="without a word"):
        check_survives(mute, [MESSAGE], 1)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is counted on Linux")
def test_a_message_that_takes_much_memory_is_found() -> None:
    """Though it is let go of again, and whatever the process held at some time before."""

    def greedy(data: bytes) -> None:
        held = bytearray(600_000_000)
        held[::4096] = bytes(len(held[::4096]))

    bytearray(900_000_000)
    with pytest.raises(AssertionError, match=r"6\d\d MB more than before"):
        check_survives(greedy, [MESSAGE], 1)

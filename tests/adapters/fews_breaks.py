"""Messages of FEWS that are well formed and wrong, seeded; and the memory that reading them may take at its peak.

Most breaks of XML, as mutations.py makes them, are seen by the parser at once. These are not: one to three texts of a
document, or nodes of a JSON tree, are something nasty.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from mutations import MOST_BYTES, MOST_S, NASTY

from hydria_plugin import ConfigError, FeedError

Parse = Callable[[bytes], object]
TEXTS = (
    *NASTY,
    b"-999.0",
    b"3600",
    b"second",
    b"month",
    b"Q_UP",
    b"mm",
    b"furlong",
    b"2026-02-30",
    b"1",
    b"-1",
    b"C:\\a",
)
ODD = (None, [], {}, [[]], [None], {"value": "2"}, True, 10**400, 1.79e308, -1, 0, "", "NaN", "Infinity", "1e999", "\0",
       "9" * 400, "4294967296", "2026-02-30", "25:00", "\ud800")  # fmt: skip


def well_formed(message: bytes, count: int, seed: int) -> list[bytes]:
    """One to three of its texts are something nasty."""
    rng, found = np.random.default_rng(seed), []
    texts = [m.span(1 if m[1] is not None else 2) for m in re.finditer(rb'"([^"]*)"|>([^<>]+)<', message)]
    for _ in range(count):
        data = message
        for a, b in sorted((texts[i] for i in rng.choice(len(texts), rng.integers(1, 4), replace=False)), reverse=True):
            word = escape(TEXTS[int(rng.integers(len(TEXTS)))].decode("utf-8", "replace").replace("\0", ""))
            data = data[:a] + word.replace('"', "&quot;").encode() + data[b:]
        found.append(data)
    return found


def well_formed_json(message: bytes, count: int, seed: int) -> Iterator[bytes]:
    """One to three of its nodes are something else."""
    rng, whole = np.random.default_rng(seed), json.loads(message)
    places = list(nodes(whole))
    for _ in range(count):
        data = json.loads(message)
        for i in rng.choice(len(places), rng.integers(1, 4), replace=False):
            *way, last = places[i]
            node = data
            for step in way:
                node = node[step] if isinstance(node, dict | list) and has(node, step) else None
            if node is not None and isinstance(node, dict | list) and has(node, last):
                node[last] = ODD[int(rng.integers(len(ODD)))]
        yield json.dumps(data).encode()


def nodes(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, node in inner:
        yield (*way, step)
        yield from nodes(node, (*way, step))


def has(node: Any, step: Any) -> bool:
    return step in node if isinstance(node, dict) else isinstance(step, int) and step < len(node)


def check_well_formed(parse: Parse, message: bytes, count: int, seed: int) -> None:
    for data in (well_formed if message.startswith(b"<") else well_formed_json)(message, count, seed):
        begun = time.process_time()
        try:
            parse(data)
        except (FeedError, ConfigError):
            pass
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {data[:4000]!r}") from error
        assert time.process_time() - begun < MOST_S, data[:2000]


class modest:
    """What is done within takes no more memory at its peak than is allowed, above what was held before. On Linux,
    which can say so; elsewhere it is the process's whole peak, in check_survives."""

    def __enter__(self) -> None:
        self.before = self.told("VmRSS") if self.reset() else None

    def __exit__(self, *_: Any) -> None:
        if self.before is not None:
            grown = self.told("VmHWM") - self.before
            assert grown < MOST_BYTES, f"{grown / 1e6:.0f} MB more at the peak"

    @staticmethod
    def reset() -> bool:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak is from here on
        except OSError:
            return False
        return True

    @staticmethod
    def told(name: str) -> int:
        lines: Iterator[str] = iter(Path("/proc/self/status").read_text().splitlines())
        return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])

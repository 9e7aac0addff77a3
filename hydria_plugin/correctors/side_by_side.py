"""Work on the parts of a large network, on as many cores as the process may use. numpy lets go of Python's lock while
it works on an array, so threads are enough. How the work is parted never depends on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Part = TypeVar("Part")
Found = TypeVar("Found")

MANY = 1000  # stations; below, a cycle takes no longer than is worth a thread
MOST = 2  # threads: what Python itself does, it does for one at a time


def side_by_side(do: Callable[[Part], Found], parts: Sequence[Part], stations: int) -> list[Found]:
    """``do`` of each of ``parts``, in their order, of a network of so many ``stations``. What ``do`` raises is raised:
    of several failures that of the first part. No thread is left when this returns."""
    threads = min(len(parts), MOST, cores())
    if threads < 2 or stations < MANY:
        return [do(part) for part in parts]
    with ThreadPoolExecutor(threads, thread_name_prefix="hydria-part") as pool:
        begun = [pool.submit(copy_context().run, do, part) for part in parts]  # numpy.errstate is of the context
        try:
            return [each.result() for each in begun]
        finally:
            for each in begun:
                each.cancel()


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def slices(length: int, size: int) -> list[slice]:
    """``length`` rows in parts of ``size``; one empty part of none."""
    return [slice(first, min(first + size, length)) for first in range(0, max(length, 1), size)]

"""Matrix products on one core each, while the house computes.

Several threads of one product wait for each other in a spin. Where another process has one of the cores, and on a
platform's machine one often has, the eigenvalues of a small matrix then take fifty to two hundred times as long, a
product of a thousand rows ninety times; on an idle machine two threads gain less than half
(docs/decisions/0111-one-core-for-a-product.md). Who has cores to spare sets OPENBLAS_NUM_THREADS, and is not overruled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

ASKED = "OPENBLAS_NUM_THREADS"


@contextmanager
def one_core_each() -> Iterator[None]:
    """Within it no matrix product takes more than one core, unless the admin said how many it may take; the program
    around gets back what it had."""
    if ASKED in os.environ:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield

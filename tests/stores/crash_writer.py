"""Puts bulletins until it is killed; prints each one that ``put`` has acknowledged.

python crash_writer.py URL FIRST_HOUR
"""

from __future__ import annotations

import sys
from itertools import count

from made import alert, bulletin, later, report

from hydria_plugin.stores.sql import SqlStore

SINKS = ("csv", "cap")


def main(url: str, first: int) -> None:
    store = SqlStore(url)
    print("open", flush=True)
    for hour in count(first):
        store.begin("p", bulletin(hour).issued_at, later(hour))
        store.put(bulletin(hour, alerts=(alert(hour, "s1", sequence=hour),), reports=(report(),)), SINKS)
        print(hour, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

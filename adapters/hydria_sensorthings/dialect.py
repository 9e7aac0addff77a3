"""What a server understands of a question for observations: found out once by asking for none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.exchange import iso_utc

from .service import Options, Service

ORDERS = ("phenomenonTime asc", "id asc", "resultTime asc")  # the first that the server can; all sort in the end anyway
NOTHING = "phenomenonTime gt 2999-12-31T00:00:00Z"
FEW = 100  # what any server gives on one page
RECENT = (np.timedelta64(2, "h"), np.timedelta64(2, "D"))


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this server is asked."""

    order: str  # "" where none is understood: pages then come as the server likes
    top: int  # 0: the server decides
    data_array: bool

    def options(self, filter: str) -> Options:
        asked: dict[str, str | int] = {"$filter": filter}
        if self.order:
            asked["$orderby"] = self.order
        if self.top:
            asked["$top"] = self.top
        if self.data_array:
            asked["$resultFormat"] = "dataArray"
        return asked

    def newest(self, now: np.datetime64) -> Sequence[Options]:
        """Questions for the last observation: what the first of them that is answered with any holds. A server that
        cannot sort by time is asked for recent ones before that which was written last."""
        last: Options = {"$top": 1, **({"$orderby": self.order.replace(" asc", " desc")} if self.order else {})}
        if self.order == ORDERS[0] or np.isnat(now):
            return (last,)
        return (*(self.options(f"phenomenonTime ge {iso_utc(now - span)}") for span in RECENT), last)


def learned(service: Service, path: str, page: int) -> Dialect:
    """The most that the server takes, tried at the Observations of one Datastream."""
    order = next((o for o in ORDERS if service.takes(path, {"$filter": NOTHING, "$top": 1, "$orderby": o})), "")
    wanted = [(page, True)] if service.has_data_arrays() else []
    for top, data_array in (*wanted, (page, False), (FEW, False)):
        dialect = Dialect(order, top, data_array)
        if service.takes(path, dialect.options(NOTHING)):
            return dialect
    return Dialect(order, 0, False)

"""What every adapter that speaks to a host needs, once: open to adapters as the public face is.

web.py      HTTP that knows whom it may call, how much it may read and how often it may ask
markup.py   XML without DTD, entities or bottomless depth
packed.py   gzip that is no bomb
units.py    the spellings of units, to the unit a series is wanted in
moments.py  times as hosts write them, to UTC; how long ago they were
feed.py     columns to the table that a source gives, cut to what was wanted
files.py    files that appear whole or not at all
jsonable.py reports as JSON can say them
notices.py  an alert in words, for people

Nothing here imports httpx, lxml or pandas before it is used.
"""

from .addresses import Gate, web_address
from .answers import Access, Answer, Refusal
from .feed import feed_table, no_rows
from .files import file_name, free_bytes, is_file, put_file
from .jsonable import jsonable
from .markup import XmlLimits, xml_document, xml_elements
from .moments import ago, iso_utc, moment, moments
from .notices import Notice
from .packed import Readable, bounded, gunzipped
from .units import factor, known_unit, unit_wanted
from .web import Web

__all__ = [
    "Access",
    "Answer",
    "Gate",
    "Notice",
    "Readable",
    "Refusal",
    "Web",
    "XmlLimits",
    "ago",
    "bounded",
    "factor",
    "feed_table",
    "file_name",
    "free_bytes",
    "gunzipped",
    "is_file",
    "iso_utc",
    "jsonable",
    "known_unit",
    "moment",
    "moments",
    "no_rows",
    "put_file",
    "unit_wanted",
    "web_address",
    "xml_document",
    "xml_elements",
]

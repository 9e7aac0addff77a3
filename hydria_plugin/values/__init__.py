"""The values that travel between the stages: frozen, arrays read-only, axes in the comment, checked once at birth.

Axes:  S station   R scenario   P past step   H lead (1..H steps ahead)   V slot   Q quantile   M member
       A duration of a running total   K static attribute or threshold   T step of a history   J member of a blend

Time is UTC: ``numpy.datetime64`` without zone inside, aware ``datetime`` at the borders. Values are in the unit the
admin declared for the station (``Layout.units``); a gap is NaN.
"""

from .arrays import Bools, Floats, Ints, Strings, Times, expect, field_names, freeze, read_only
from .attributions import ENSEMBLE_MEDIAN, ESTIMATED, LIMITS, USUAL, Attribution
from .bulletins import NOT_A_TIME, Alert, Basis, Bulletin, Problem, Reason, Report, Summary
from .degrading import RUNGS, rungs_of
from .ensembles import at_levels, band_variance, onto_quantiles, thinned, two_way
from .feeds import KINDS, METHODS, QUANTITIES, SUMMED, UNITS, UNITS_OF, Flag, Layout, Observations, Signal, Wanted
from .forecasts import Forecast, Verified
from .inventories import FoundInput, FoundRating, FoundStation, Inventory
from .windows import History, Window

__all__ = [
    "ENSEMBLE_MEDIAN",
    "ESTIMATED",
    "KINDS",
    "LIMITS",
    "METHODS",
    "NOT_A_TIME",
    "QUANTITIES",
    "RUNGS",
    "SUMMED",
    "UNITS",
    "UNITS_OF",
    "USUAL",
    "Alert",
    "Attribution",
    "Basis",
    "Bools",
    "Bulletin",
    "Flag",
    "Floats",
    "Forecast",
    "FoundInput",
    "FoundRating",
    "FoundStation",
    "History",
    "Ints",
    "Inventory",
    "Layout",
    "Observations",
    "Problem",
    "Reason",
    "Report",
    "Signal",
    "Strings",
    "Summary",
    "Times",
    "Verified",
    "Wanted",
    "Window",
    "at_levels",
    "band_variance",
    "expect",
    "field_names",
    "freeze",
    "onto_quantiles",
    "read_only",
    "rungs_of",
    "thinned",
    "two_way",
]

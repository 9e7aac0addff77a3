"""A factory offered for later: nothing is imported before it is asked for, and then it is the factory."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from hydria_plugin import Later
from hydria_plugin.offers import GIVEN
from hydria_plugin.plugins import load_plugins

HEAVY = ("hydria_plugin.forecasters.blend", "hydria_plugin.explainers.knox.explainer", "hydria_plugin.forecasters.arx")


def test_it_is_the_factory() -> None:
    later = Later("fractions", "Fraction")
    from fractions import Fraction

    assert later.found() is Fraction
    assert later(1, 3) == Fraction(1, 3)
    assert later("0.25") == Fraction(1, 4)


def test_its_options_are_the_factorys() -> None:
    from hydria_plugin.forecasters.boosting import Boosting

    offer = load_plugins(points=()).offer("forecaster", "boosting")
    assert offer.factory is Boosting
    assert offer.options() == tuple(p for p in inspect.signature(Boosting).parameters if p not in GIVEN)
    assert "seed" in offer.options()


def test_what_it_needs_is_looked_for_and_not_imported() -> None:
    there = Later("fractions", "Fraction", ("json", "fractions"), "house[sums]")
    lacking = Later("no_such_module", "A", ("json", "no_such_a", "no_such_b"), "house[sums]")
    assert there.lacking() == "" and Later("no_such_module", "A").lacking() == ""
    assert lacking.lacking() == "needs no_such_a and no_such_b, not installed here: pip install 'house[sums]'"


@pytest.mark.parametrize(
    ("module", "name", "error"), [("no_such_module", "A", ImportError), ("math", "A", AttributeError)]
)
def test_one_that_is_not_there_is_told_when_it_is_asked_for(module: str, name: str, error: type[Exception]) -> None:
    later = Later(module, name)
    with pytest.raises(error):
        later()


def test_every_built_in_that_is_offered_is_there() -> None:
    registry = load_plugins(points=())
    for (role, name), offer in registry.offers.items():
        assert callable(offer.factory), (role, name)
        assert isinstance(offer.options(), tuple)


def test_the_list_of_plug_ins_imports_none_of_them() -> None:
    code = f"""
import sys
from hydria_plugin.plugins import load_plugins
assert len(load_plugins(points=()).listing()) > 8
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr

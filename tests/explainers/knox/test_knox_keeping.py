"""Which forecasters KnoX can read: told before anything is trained, for `check` and for `knox` alike."""

from __future__ import annotations

import pytest

from hydria_plugin import Forecaster
from hydria_plugin.explainers.knox.keeping import is_readable
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.block_network.forecaster import BlockNetwork
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.forecasters.ridge import Ridge


@pytest.mark.parametrize("twin", [True, False])
def test_a_block_network_with_its_twin_alone_or_in_a_blend(twin: bool) -> None:
    network = BlockNetwork(twin=twin)
    assert is_readable(network) is twin
    assert is_readable(Blend(members={"ridge": Ridge(), "block-network": network})) is twin


@pytest.mark.parametrize("other", [Persistence(), Ridge(), Blend(members={"ridge": Ridge()})])
def test_no_other(other: Forecaster) -> None:
    assert not is_readable(other)

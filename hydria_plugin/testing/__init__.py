"""For authors of plug-ins: samples of every value, and checks that a plug-in keeps the promises of its role.

    from hydria_plugin.testing import check_forecaster
    def test_conforms(): check_forecaster(Mean())

A check raises AssertionError with a sentence on the promise that was broken.
"""

from .checks import (
    check_attribution,
    check_corrector,
    check_explainer,
    check_forecaster,
    check_sink,
    check_source,
    check_store,
)
from .samples import (
    sample_alert,
    sample_bulletin,
    sample_forecast,
    sample_history,
    sample_layout,
    sample_window,
)

__all__ = [
    "check_attribution",
    "check_corrector",
    "check_explainer",
    "check_forecaster",
    "check_sink",
    "check_source",
    "check_store",
    "sample_alert",
    "sample_bulletin",
    "sample_forecast",
    "sample_history",
    "sample_layout",
    "sample_window",
]

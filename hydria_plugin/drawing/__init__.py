"""Pictures for reports, mail and pages, as SVG text: no library, no script, no style sheet, so that they show anywhere,
under the strictest content policy and on paper."""

from .hydrograph import hydrograph
from .words import Words

__all__ = ["Words", "hydrograph"]

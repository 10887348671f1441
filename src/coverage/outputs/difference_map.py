"""The map of what differs between two runs: one HTML page, with a divider between the two."""

from ..run_changes import Changes
from . import map_frame
from .leaflet import DIFFERENCE
from .maps import Kind, page_of
from .payload_difference import difference_notices, difference_payload, difference_title

DIFFERENCE_MAP = Kind(
    DIFFERENCE, map_frame.DIFFERENCE, (map_frame.DIFFERENCE_RESULTS, map_frame.GROUND),
    map_frame.SWIPE,
)  # fmt: skip


def difference_html(found: Changes) -> str:
    """Draw two runs beside each other as an interactive map.

    Streets and homes by what they gain and lose, facilities that open and close, areas with their
    sums; or what either run covers, left and right of a divider. Like the map of a study the page
    carries everything, and the same two runs give the same page.

    Parameters
    ----------
    found
        Two runs compared.

    Returns
    -------
    page
        A whole HTML document.

    Raises
    ------
    InputError
        When the map of a run, whose ground it shares, is damaged.
    OutputError
        When Leaflet or its marker clusters are not installed.
    """
    return page_of(
        difference_title(found), difference_payload(found), notices=difference_notices(found),
        kind=DIFFERENCE_MAP,
    )  # fmt: skip

"""The drive network: streets that a car may use, in the arrays of the walking network."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .features import level_streets
from .network import WalkingNetwork, project
from .snapping import REAL_COMPONENT_M, usable_edges
from .streets import Streets
from .walkers import PACKAGED_WALKERS

PARK_MIN = 2.0
"""Minutes to stop the car and lock it, for each drive: chosen by this project, as no source gives
one for carers, who stop at the kerb or in the compound and do not look for a car park. What to add
for it is a known part of door-to-door driving times (Tenkanen and Toivonen 2020, doi
10.1038/s41597-020-0413-y). The way from the street to the door is walked at `adult`'s pace."""

_NO_STOPPING = ("motorway", "motorway_link", "trunk", "trunk_link")


def drive_network(streets: Streets, *, crs: str) -> WalkingNetwork:
    """Time streets for a car.

    Parameters
    ----------
    streets
        As `coverage.inputs.drivable` reads them.
    crs
        Projected coordinate system, metres.

    Returns
    -------
    network
        Seconds are a car's, infinite where it may not go; the walker is ``adult``, who walks the
        straight legs between street and door.
    """
    xy = project(streets.lon_lat, crs)
    length_m = np.hypot(*(xy[streets.head] - xy[streets.tail]).T)
    ways, of = streets.ways, streets.way
    seconds = length_m / (ways["speed_kmh"].to_numpy(float)[of] / 3.6)
    count = len(length_m)
    return WalkingNetwork(
        crs=crs,
        node_id=streets.node_id,
        xy=xy,
        z=np.full(len(xy), np.nan),
        tail=streets.tail,
        head=streets.head,
        features=level_streets(length_m),
        steps_source=np.full(count, "", dtype=object),
        seconds_along=np.where(ways["along"].to_numpy(bool)[of], seconds, np.inf),
        seconds_against=np.where(ways["against"].to_numpy(bool)[of], seconds, np.inf),
        way=of,
        ways=ways,
        walker=PACKAGED_WALKERS["adult"],
    )


def parking_edges(network: WalkingNetwork) -> NDArray[np.int64]:
    """Return the edges on which a car may stop for a visit, ascending.

    Not on an expressway or its ramps, nor in a tunnel, nor where one-way streets let a car in and
    not out, or out and not in, as at the rim of an extract.
    """
    ahead = np.isfinite(network.seconds_along)
    behind = np.isfinite(network.seconds_against)
    start = np.concatenate([network.tail[ahead], network.head[behind]])
    end = np.concatenate([network.head[ahead], network.tail[behind]])
    arcs = coo_array((np.ones(len(start)), (start, end)), shape=(len(network.node_id),) * 2)
    parts, of_node = connected_components(arcs, directed=True, connection="strong")
    same = of_node[network.tail] == of_node[network.head]
    label = of_node[network.tail]
    street_m = np.bincount(label[same], weights=network.length_m[same], minlength=parts)
    real = street_m >= REAL_COMPONENT_M
    real[np.argmax(street_m)] = True
    stops = ~network.ways["highway"].isin(list(_NO_STOPPING)).to_numpy()[network.way]
    onto = usable_edges(network)
    stoppable = np.asarray(same & real[label] & stops)
    return np.asarray(onto[stoppable[onto]])

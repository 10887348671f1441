"""Pedestrian areas can be walked across."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose

from conftest import CRS, ORIGIN, make_streets
from coverage.assessment import pieces_inside
from coverage.elevations import estimate_elevations
from coverage.errors import Findings
from coverage.inputs.osm_file import read_streets
from coverage.network import build_network, project
from coverage.squares import cross_squares
from coverage.walkers import PACKAGED_WALKERS

CORNERS = {1: (0, 0), 2: (100, 0), 3: (100, 100), 4: (0, 100)}


def square_of(streets, nodes):
    ring = [*nodes, nodes[0]]
    outline = shapely.Polygon(streets.lon_lat[np.searchsorted(streets.node_id, ring)])
    return replace(streets, squares=(outline,))


def test_a_square_is_crossed_from_corner_to_corner():
    r"""Streets meet the square at 1 and 3 only; the diagonal is 141 m, the rim 200 m."""
    streets = make_streets(
        {**CORNERS, 8: (-50, 0), 9: (150, 100)},
        [(1, [8, 1], {"highway": "path"}), (2, [3, 9], {"highway": "path"}),
         (3, [1, 2], {"highway": "motorway"}), (4, [3, 4], {"highway": "motorway"})],
    )  # fmt: skip
    network = build_network(
        cross_squares(square_of(streets, [1, 2, 3, 4])), crs=CRS, walker=PACKAGED_WALKERS["adult"]
    )
    new = np.flatnonzero(network.ways["rule"].to_numpy()[network.way] == "square")
    ends = {tuple(sorted(pair)) for pair in zip(
        network.node_id[network.tail[new]].tolist(), network.node_id[network.head[new]].tolist(),
        strict=True)}  # fmt: skip
    assert ends == {(1, 3), (1, 2), (2, 3), (3, 4), (1, 4)}
    diagonal = [e for e in new if network.length_m[e] > 101]
    assert_allclose(network.length_m[diagonal], [20000**0.5], rtol=1e-4)
    assert network.ways["highway"].iloc[-1] == "pedestrian"


def test_an_l_shaped_square_is_not_crossed_through_the_house():
    r"""From one arm's end to the other the straight line leaves the square.

    6---5
    |   |
    |   4---3
    1-------2
    """
    nodes = {1: (0, 0), 2: (100, 0), 3: (100, 30), 4: (30, 30), 5: (30, 100), 6: (0, 100),
             7: (200, 30), 8: (30, 200)}  # fmt: skip
    streets = make_streets(
        nodes, [(1, [3, 7], {"highway": "path"}), (2, [5, 8], {"highway": "path"}),
                (3, [1, 2, 4, 6], {"highway": "motorway"})],
    )  # fmt: skip
    crossed = cross_squares(square_of(streets, [1, 2, 3, 4, 5, 6]))
    new = crossed.ways["rule"].to_numpy()[crossed.way] == "square"
    ends = {tuple(sorted(pair)) for pair in zip(
        crossed.node_id[crossed.tail[new]].tolist(), crossed.node_id[crossed.head[new]].tolist(),
        strict=True)}  # fmt: skip
    assert (3, 5) not in ends
    assert {(3, 4), (4, 5)} <= ends


def test_a_square_with_one_door_changes_nothing():
    streets = make_streets({**CORNERS, 8: (-50, 0)}, [(1, [8, 1], {"highway": "path"})])
    whole = replace(
        streets, squares=(shapely.Polygon([[106.5, 29.5], [106.6, 29.5], [106.5, 29.6]]),)
    )
    assert cross_squares(whole) is whole


@pytest.mark.parametrize("kind", ["way", "multipolygon"])
def test_squares_are_read_from_ways_and_multipolygons(tmp_path, kind):
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{29.5 + y / 1000}" lon="{106.5 + x / 1000}"/>'
        for n, (x, y) in {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (-1, 0), 6: (2, 1)}.items()
    )

    def way(number, refs, tags):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        return f'<way id="{number}" version="1">{inner}{tags}</way>'

    tag = '<tag k="highway" v="pedestrian"/>'
    ring = way(3, [1, 2, 3, 4, 1], tag + '<tag k="area" v="yes"/>' if kind == "way" else "")
    relation = (
        f'<relation id="9" version="1"><member type="way" ref="3" role="outer"/>{tag}'
        '<tag k="type" v="multipolygon"/></relation>'
    )
    path = '<tag k="highway" v="path"/>'
    body = nodes + way(1, [5, 1], path) + way(2, [3, 6], path) + ring
    body += relation if kind == "multipolygon" else ""
    file = tmp_path / "square.osm"
    file.write_text(f'<?xml version="1.0"?><osm version="0.6">{body}</osm>', encoding="utf-8")
    streets = read_streets(file, rules="pedestrian", findings=Findings())
    assert len(streets.squares) == 1
    crossed = cross_squares(streets)
    assert len(crossed.tail) == len(streets.tail) + 5
    assert len(read_streets(file, rules="osmnx-walk", findings=Findings()).squares) == 0


def test_lines_of_sight_are_no_street_and_say_nothing_of_heights():
    streets = make_streets(
        {**CORNERS, 8: (-50, 0), 9: (150, 100)},
        [(1, [8, 1], {"highway": "path"}), (2, [3, 9], {"highway": "path"}),
         (3, [1, 2, 3, 4, 1], {"highway": "motorway"})],
    )  # fmt: skip
    crossed = cross_squares(square_of(streets, [1, 2, 3, 4]))
    network = build_network(crossed, crs=CRS, walker=PACKAGED_WALKERS["adult"])
    everywhere = shapely.box(*ORIGIN, *ORIGIN).buffer(1000)
    inside = pieces_inside(network, everywhere)
    assert inside.length_m(network.length_m) == pytest.approx(100, rel=1e-4)
    xy = project(crossed.lon_lat, CRS)
    # A slope of 10 % over the square stays one.
    surface = 200 + 0.1 * (xy[:, 0] - ORIGIN[0])
    z = estimate_elevations(crossed, xy, surface).z
    at = dict(zip(crossed.node_id.tolist(), z.tolist(), strict=True))
    flat = estimate_elevations(
        streets, xy[: len(streets.node_id)], surface[: len(streets.node_id)]
    ).z
    before = dict(zip(streets.node_id.tolist(), flat.tolist(), strict=True))
    assert at[3] - at[1] == pytest.approx(before[3] - before[1], abs=1e-6)


def test_a_house_in_the_square_hides_the_other_side():
    streets = make_streets(
        {**CORNERS, 8: (-50, 0), 9: (150, 100)},
        [(1, [8, 1], {"highway": "path"}), (2, [3, 9], {"highway": "path"}),
         (3, [2, 4], {"highway": "motorway"})],
    )  # fmt: skip
    whole = square_of(streets, [1, 2, 3, 4])
    house = shapely.Polygon(whole.squares[0].exterior, [whole.squares[0].buffer(-0.0003).exterior])
    crossed = cross_squares(replace(whole, squares=(house,)))
    new = crossed.ways["rule"].to_numpy()[crossed.way] == "square"
    ends = {
        tuple(sorted(pair))
        for pair in zip(crossed.tail[new].tolist(), crossed.head[new].tolist(), strict=True)
    }
    assert (0, 2) not in ends
    assert len(ends) == 4

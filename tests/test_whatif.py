"""What if: every change gives what the whole computation on the changed study gives."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from conftest import make_network
from coverage.circle import home_minutes, snap_homes
from coverage.edits import Join, edited
from coverage.links import find_links
from coverage.repair import repair
from coverage.snapping import snap, usable_edges
from coverage.standing import Before, ground_after, snap_near
from test_people import homes_at

LIMIT_M, HORIZON_MIN = 25.0, 15.0
SECONDS = st.sampled_from([0.0, 3.0, 20.0, 45.5, 100.0, 170.25, np.inf])
SPOT = st.tuples(st.integers(-9, 99), st.integers(-9, 99))


def before_of(network, homes_xy, facility_xy, direction, horizon_min=HORIZON_MIN):
    usable = usable_edges(network)
    points = homes_at(homes_xy)
    places = snap_homes(network, points, limit_m=LIMIT_M)
    snapped = snap(network, facility_xy, onto=usable, limit_m=LIMIT_M)
    links = find_links(network, snapped, places, direction=direction, horizon_min=horizon_min)
    return Before(
        network=network, usable=usable, stands=usable, points=points, places=places,
        facility_xy=facility_xy, snapped=snapped, links=links,
        first=np.searchsorted(links.place, np.arange(len(points) + 1)), direction=direction,
        horizon_min=horizon_min, home_limit_m=LIMIT_M, facility_limit_m=LIMIT_M,
    )  # fmt: skip


def minutes(points, places, links, tier_of, kept):
    members = {str(t): np.flatnonzero((tier_of == t) & kept) for t in range(2)}
    ids = pd.Index([f"F{k}" for k in range(len(tier_of))])
    return home_minutes(points, places, links, members, {"0": 5.0, "1": 9.0}, ids)


def full(before, blocked, joins, facility_xy, tier_of, kept):
    """Compute everything anew on the changed network, as a run does."""
    network = edited(before.network, blocked, joins).network
    usable = usable_edges(network)
    places = snap_homes(network, before.points, limit_m=LIMIT_M)
    snapped = snap(network, facility_xy, onto=usable, limit_m=LIMIT_M)
    links = find_links(
        network, snapped, places, direction=before.direction, horizon_min=before.horizon_min
    )
    return minutes(before.points, places, links, tier_of, kept)


def repaired(before, blocked, joins, opened_xy, closed, tier_of, kept):
    ground = ground_after(before, blocked, joins)
    opened = snap_near(ground.edited.network, opened_xy, onto=ground.stands, limit_m=LIMIT_M)
    after = repair(before, ground, opened, closed)
    whole = minutes(before.points, before.places, before.links, tier_of, np.ones_like(kept))
    some = minutes(before.points.iloc[after.homes], after.places, after.links, tier_of, kept)
    for name in some.columns:
        values = whole[name].to_numpy().copy()
        values[after.homes] = some[name].to_numpy()
        whole[name] = values
    return whole


def same(one, other):
    for tier in "01":
        for key in ("minutes", "to", "back"):
            a, b = one[f"{key}_{tier}"].to_numpy(), other[f"{key}_{tier}"].to_numpy()
            assert_array_equal(np.isnan(a), np.isnan(b))
            assert_allclose(a, b, rtol=0, atol=1e-9)
        assert_array_equal(one[f"covered_{tier}"], other[f"covered_{tier}"])
    assert_array_equal(one["snapped"], other["snapped"])
    assert_allclose(one["snap_m"], other["snap_m"], atol=1e-9)


@st.composite
def cases(draw):
    """A board of streets with parallels, one-ways, dead ends and islands; and what changes."""
    count = draw(st.integers(3, 10))
    spots = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)),
                          min_size=count, max_size=count))  # fmt: skip
    # A long street, so that large components count as real and islands do not.
    nodes = {n: (10.0 * x, 10.0 * y) for n, (x, y) in enumerate(spots)}
    nodes |= {100: (0.0, 120.0), 101: (400.0 * draw(st.integers(0, 2)), 120.0), 102: (50.0, 50.0)}
    node = st.sampled_from(sorted(nodes))
    edges = draw(st.lists(st.tuples(node, node, SECONDS, SECONDS), min_size=2, max_size=18))
    network = make_network(nodes, [(100, 101, 300.0, 300.0), *edges])
    total = len(edges) + 1
    blocked = np.unique(draw(st.lists(st.integers(0, total - 1), max_size=3))).astype(np.int64)
    fraction = st.sampled_from([0.0, 0.25, 0.5, 1.0])
    edge = st.integers(0, total - 1)
    joins = [
        Join((a, b), (p, q), kind, length)
        for a, b, p, q, kind, length in draw(
            st.lists(
                st.tuples(edge, edge, fraction, fraction,
                          st.sampled_from(["lift", "bridge", "footway"]),
                          st.sampled_from([None, 700.0])),
                max_size=2,
            )
        )
    ]  # fmt: skip
    homes = draw(st.lists(SPOT, min_size=1, max_size=5))
    here = draw(st.lists(SPOT, min_size=1, max_size=4))
    opened = draw(st.lists(SPOT, max_size=2))
    closed = np.unique(draw(st.lists(st.integers(0, len(here) - 1), max_size=2))).astype(np.int64)
    return network, blocked, joins, homes, here, opened, closed


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["to", "back", "worst"]), st.sampled_from([1.0, 4.0, 15.0]))
def test_a_repair_gives_what_the_whole_computation_gives(case, direction, horizon_min):
    network, blocked, joins, homes, here, opened, closed = case
    here, opened = (np.array(xy, dtype=float).reshape(-1, 2) for xy in (here, opened))
    before = before_of(network, homes, here, direction, horizon_min)
    tier_of = np.arange(len(here) + len(opened)) % 2
    kept = np.ones(len(tier_of), dtype=bool)
    kept[closed] = False
    change = (blocked, joins)
    same(
        repaired(before, *change, opened, closed, tier_of, kept),
        full(before, *change, np.vstack([here, opened]), tier_of, kept),
    )

"""Links: what they carry, and who loses care with them, against a full run without each."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import make_network
from coverage.links import find_links
from coverage.load_bearing import elderly_using, losses
from coverage.pace import LIFT
from coverage.passing import Access, passing
from coverage.snapping import Snapped
from coverage.where_next import middles

T, TIERS = 15.0, ("community", "street")


def standing(*places):
    edge, fraction = (np.array(column) for column in zip(*places, strict=True))
    zero = np.zeros(len(edge))
    return Snapped(edge.astype(np.int64), fraction.astype(float), zero, zero,
                   np.zeros(len(edge), dtype=np.int64))  # fmt: skip


def access(network, facilities, homes, elderly, tiers, direction="worst"):
    pairs = find_links(network, facilities, homes, direction=direction, horizon_min=60)
    return Access(
        network, facilities, homes, np.array(elderly, dtype=float), pairs, tiers,
        dict.fromkeys(tiers, T), direction, 60.0,
    )  # fmt: skip


def covered(who, links):
    """Which homes each tier covers, shape (tiers, H)."""
    answer = np.zeros((len(who.tiers), len(who.elderly)), dtype=bool)
    for k, (tier, members) in enumerate(who.tiers.items()):
        near = np.isin(links.facility, members) & (links.minutes <= who.thresholds_min[tier] + 1e-8)
        answer[k, links.place[near]] = True
    return answer


def without(who, ask, link):
    """Cover anew with every edge of the link impassable; who stands on it walks as before."""
    shut = ask.links.chain_of_edge == link
    network = replace(
        who.network,
        seconds_along=np.where(shut, np.inf, who.network.seconds_along),
        seconds_against=np.where(shut, np.inf, who.network.seconds_against),
    )
    after = find_links(network, who.facilities, who.homes, direction=who.direction, horizon_min=60)
    before = who.links
    on_it = shut[who.homes.edge[before.place]] | shut[who.facilities.edge[before.facility]]
    still = covered(who, after)
    for k, (tier, members) in enumerate(who.tiers.items()):
        near = on_it & np.isin(before.facility, members)
        near &= before.minutes <= who.thresholds_min[tier] + 1e-8
        still[k, before.place[near]] = True
    return still


def test_the_only_stairs_and_the_bridge_with_a_detour():
    """A facility F at 1; homes at the far ends.

    F 1 --5 min-- 2 --5 min (stairs)-- 3 (home of 10)      the stairs are the only way to 3
                  |\
                  | 4 --- (home of 7 at 5: 2-4-5 takes 6 min, 2-5 directly 9 min: 14 still covered)
                  5
    """
    network = make_network(
        {1: (0, 0), 2: (300, 0), 3: (600, 0), 4: (300, -100), 5: (300, -300), 6: (0, 50)},
        [(1, 2, 300), (2, 3, 300), (2, 4, 180), (4, 5, 180), (2, 5, 540), (1, 6, 60)],
    )
    who = access(network, standing((5, 0.5)), standing((1, 1.0), (3, 1.0)), [10, 7],
                 {"community": np.array([0])})  # fmt: skip
    ask = passing(who)
    # Links: 1-2, 2-3, 2-4-5 in two ways, 2-5, 1-6. The home of 10 stands at the end of 2-3.
    using = elderly_using(ask)["community"]
    assert using[ask.links.chain_of_edge].tolist() == [17, 10, 7, 7, 0, 17]
    assert elderly_using(ask)["any"].tolist() == using.tolist()
    worst = losses(ask)
    assert worst["elderly_lost"].tolist() == [17]
    assert worst["elderly_lost_any"].tolist() == [17]
    assert worst["osm_id"].tolist() == [1]
    assert worst.crs == network.crs


@st.composite
def cities(draw):
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    side = draw(st.integers(2, 4))
    grid = np.arange(side**2).reshape(side, side)
    pairs = np.concatenate([
        np.column_stack([grid[:, :-1].ravel(), grid[:, 1:].ravel()]),
        np.column_stack([grid[:-1].ravel(), grid[1:].ravel()]),
        dice.integers(0, side**2, (2, 2)),
    ])  # fmt: skip
    pairs = pairs[(dice.random(len(pairs)) < 0.85) & (pairs[:, 0] != pairs[:, 1])]
    seconds = dice.integers(60, 500, (len(pairs), 2)).astype(float)
    seconds[dice.random(len(pairs)) < 0.3, 1] = np.inf if draw(st.booleans()) else 200.0
    if len(pairs) == 0:
        pairs, seconds = np.array([[0, 1]]), np.array([[60.0, 60.0]])
    network = make_network(
        {n + 1: (100.0 * (n % side), 100.0 * (n // side)) for n in range(side**2)},
        [(t + 1, h + 1, *s) for (t, h), s in zip(pairs.tolist(), seconds.tolist(), strict=True)],
    )
    # Some edges that follow one another are one way, so that links have several edges.
    network = replace(network, way=dice.integers(0, 2, len(pairs)))
    spots = [standing(*zip(dice.integers(0, len(pairs), n), dice.choice([0, 0.25, 0.5, 1], n),
                           strict=True)) for n in (4, 12)]  # fmt: skip
    tiers = dict(zip(TIERS, (np.array([0, 1]), np.array([2, 3])), strict=True))
    direction = draw(st.sampled_from(["to", "back", "worst"]))
    return access(network, *spots, dice.integers(1, 9, 12), tiers, direction)


@settings(deadline=None, max_examples=60)
@given(cities(), st.sampled_from([None, "street"]), st.sampled_from([1, 3, 10]))
def test_losses_are_those_of_a_full_run_without_each_link(who, tier, count):
    ask = passing(who)
    now = covered(who, who.links)
    expected, seen = [], {}
    for link in range(len(ask.links)):
        gone = now & ~without(who, ask, link)
        scope = gone.any(axis=0) if tier is None else gone[TIERS.index(tier)]
        none_left = now.any(axis=0) & ~(now & ~gone).any(axis=0)
        broken = now.all(axis=0) & gone.any(axis=0)
        figures = [float(who.elderly[mask].sum())
                   for mask in (gone.any(axis=0), broken, none_left, *gone)]  # fmt: skip
        # In a row, and so of the same people: one of them is listed.
        seen[gone.tobytes()] = seen.get(gone.tobytes(), 0) + 1
        if seen[gone.tobytes()] == 1:
            expected.append((-float(who.elderly[scope].sum()), link, figures, gone.tobytes()))
    expected = [row for row in sorted(expected) if row[0] < 0][:count]
    found = losses(ask, count=count, tier=tier)
    columns = ["elderly_lost", "elderly_lost_circle", "elderly_lost_any",
               *(f"elderly_lost_{name}" for name in TIERS)]  # fmt: skip
    assert found[columns].to_numpy().tolist() == [row[2] for row in expected]
    assert found["alike"].tolist() == [seen[row[3]] for row in expected]


@settings(deadline=None, max_examples=60)
@given(cities())
def test_nobody_loses_a_link_that_no_walk_uses(who):
    ask = passing(who)
    using = elderly_using(ask)
    found = losses(ask, count=len(ask.links))
    for tier in TIERS:
        assert (found[f"elderly_lost_{tier}"] <= found[f"elderly_using_{tier}"]).all()
        assert (using[tier] <= using["any"]).all()
    assert (using["any"] <= sum(using[tier] for tier in TIERS)).all()
    assert (using["any"] <= who.elderly.sum()).all()


def test_no_people_no_links():
    network = make_network({1: (0, 0), 2: (300, 0)}, [(1, 2, 300)])
    who = access(network, standing((0, 0.5)), standing((0, 1.0)), [0], {"community": np.array([0])})
    assert len(losses(passing(who))) == 0


@pytest.mark.parametrize("direction", ["to", "back", "worst"])
def test_the_same_twice(direction):
    network = make_network({1: (0, 0), 2: (300, 0), 3: (600, 0)}, [(1, 2, 300), (2, 3, 300)])
    who = access(network, standing((0, 0.0)), standing((1, 1.0)), [5],
                 {"community": np.array([0])}, direction)  # fmt: skip
    assert losses(passing(who)).to_json() == losses(passing(who)).to_json()


def test_a_lift_is_where_it_stands_though_it_has_no_length_in_plan():
    network = make_network({1: (0, 0), 2: (300, 0), 3: (300, 0), 4: (600, 0)},
                           [(1, 2, 300), (2, 3, 60), (3, 4, 300)])  # fmt: skip
    who = access(network, standing((0, 0.5)), standing((2, 0.5)), [5], {"community": np.array([0])})
    found = losses(passing(who))
    assert found["elderly_lost"].tolist() == [5]
    assert middles(found).geom_equals(gpd.GeoSeries.from_xy([300], [0], crs=network.crs)).all()


def test_links_in_a_row_are_told_once_by_the_lift_among_them():
    """F 1 - 2 - 3 =lift= 4 - 5 - 6 H: nobody gets past any of the four in the middle."""
    network = make_network(
        {1: (0, 0), 2: (60, 0), 3: (120, 0), 4: (130, 0), 5: (200, 0), 6: (260, 0)},
        [(1, 2, 60), (2, 3, 60), (3, 4, 60), (4, 5, 70), (5, 6, 60)],
    )
    kind = network.features.kind.copy()
    kind[2] = LIFT
    network = replace(network, features=replace(network.features, kind=kind))
    who = access(network, standing((0, 0.5)), standing((4, 0.5)), [5], {"community": np.array([0])})
    found = losses(passing(who))
    assert found["kind"].tolist() == ["lift"]
    assert found["alike"].tolist() == [3]
    assert found["elderly_lost"].tolist() == [5]

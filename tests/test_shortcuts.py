"""New links: what each wins, against a full run with the edge added."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.links import find_links
from coverage.pace import LIFT_DOORS_S, LIFT_WAIT_S
from coverage.passing import passing
from coverage.shortcut_gains import Candidates, gains, winning
from coverage.shortcuts import candidates, shortcuts
from test_load_bearing import TIERS, access, cities, covered, make_network, standing


def with_edge(network, one, other, there_s, back_s):
    features = type(network.features)(
        **{f.name: np.append(getattr(network.features, f.name),
                             getattr(network.features, f.name)[:1])
           for f in fields(network.features)}
    )  # fmt: skip
    return replace(
        network, features=features, tail=np.append(network.tail, one),
        head=np.append(network.head, other),
        seconds_along=np.append(network.seconds_along, there_s),
        seconds_against=np.append(network.seconds_against, back_s),
        way=np.append(network.way, network.way[0]),
        steps_source=np.append(network.steps_source, ""),
    )  # fmt: skip


def after(who, one, other, there_s, back_s):
    network = with_edge(who.network, one, other, there_s, back_s)
    links = find_links(network, who.facilities, who.homes, direction=who.direction, horizon_min=60)
    return covered(who, links)


@settings(deadline=None, max_examples=60)
@given(cities(), st.integers(0, 2**32))
def test_gains_are_those_of_a_full_run_with_the_edge(who, seed):
    dice = np.random.default_rng(seed)
    nodes = np.unique(np.concatenate([who.network.tail, who.network.head]))
    one, other = dice.choice(nodes, (2, 20))
    one, other = one[one != other], other[one != other]
    there, back = dice.integers(10, 400, (2, len(one))).astype(float)
    wanted = Candidates(one, other, np.zeros(len(one), dtype=np.int64), there, back)
    found = gains(who, wanted)
    now = covered(who, who.links)
    for k in range(len(one)):
        won = after(who, one[k], other[k], there[k], back[k]) & ~now
        assert [found.tier[tier][k] for tier in TIERS] == (won * who.elderly).sum(axis=1).tolist()
        assert found.any[k] == who.elderly[won.any(axis=0)].sum()
        whole = (won | now).all(axis=0) & ~now.all(axis=0)
        assert found.circle[k] == who.elderly[whole].sum()


@settings(deadline=None, max_examples=60)
@given(cities())
def test_nothing_wins_more_than_its_bound(who):
    ask = passing(who)
    wanted = candidates(ask)
    found = gains(who, wanted)
    assert (sum(found.tier.values()) <= winning(who, wanted).bounds() + 1e-9).all()
    assert (found.any <= sum(found.tier.values())).all()


def hill(height):
    """Return a cliff: home at 3 above, facility at 1 below, 20 m apart and 20 min by the road."""
    network = make_network(
        {1: (0, 0), 2: (600, 0), 3: (0, 20), 4: (-600, 0), 5: (-600, 20)},
        [(1, 2, 600), (2, 3, 600), (1, 4, 700), (3, 5, 700)], walker="senior",
    )  # fmt: skip
    z = np.array([0, np.nan, height, np.nan, np.nan])
    network = replace(network, z=z)
    return access(network, standing((0, 0.0)), standing((1, 1.0), (1, 0.95)), [4, 3],
                  {"community": np.array([0])})  # fmt: skip


def test_a_lift_up_the_cliff():
    best = shortcuts(passing(hill(30.0)))
    assert best["kind"].tolist()[0] == "lift"
    assert best["elderly_gained_community"].tolist()[0] == 7
    assert best["link_min"][0] == pytest.approx((LIFT_WAIT_S + LIFT_DOORS_S + 30 + 20 / 0.9) / 60)
    assert best["walk_min"][0] == pytest.approx(20)


def test_a_bridge_where_heights_are_alike():
    best = shortcuts(passing(hill(1.0)))
    assert best["kind"].tolist()[0] == "bridge"
    assert best["elderly_gained"].tolist()[0] == 7


def test_places_that_win_nothing_are_not_listed():
    who = hill(30.0)
    assert len(shortcuts(passing(replace(who, elderly=np.zeros(2))))) == 0

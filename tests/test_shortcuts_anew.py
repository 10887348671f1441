"""Shortcuts against plain networkx: every candidate added to the streets, and all walks anew."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coverage
from coverage import shortcuts as module
from coverage.pace import ESCALATOR_MPS, LIFT_DOORS_S, LIFT_MPS, LIFT_WAIT_S, STAIRS
from coverage.passing import passing
from coverage.shortcuts import APART_M, BRIDGE_WALK_MIN, SHORTCUT_KINDS, candidates, shortcuts
from coverage.weak_points import access_of
from test_load_bearing import access, cities, covered, make_network, standing


def streets(who):
    """The streets cut at every facility ("f", k) and home ("h", k), seconds on the arcs."""
    graph, network = nx.DiGraph(), who.network

    def arc(tail, head, seconds):
        if np.isfinite(seconds) and seconds < graph.get_edge_data(
            tail, head, {"seconds": np.inf}
        )["seconds"]:  # fmt: skip
            graph.add_edge(tail, head, seconds=float(seconds))

    on_edge = {edge: [(0.0, None), (1.0, None)] for edge in range(len(network.tail))}
    for kind, places in (("f", who.facilities), ("h", who.homes)):
        for k in range(len(places.edge)):
            graph.add_node((kind, k))
            if places.edge[k] >= 0:
                spot = (kind, "on", k)
                on_edge[int(places.edge[k])].append((float(places.fraction[k]), spot))
                arc((kind, k), spot, places.leg_s[k])
                arc(spot, (kind, k), places.leg_s[k])
    for edge, stops in on_edge.items():
        tail, head = int(network.tail[edge]), int(network.head[edge])
        stops = sorted(stops, key=lambda stop: (stop[0], stop[1] is not None and stop[0] == 0.0))
        names = [tail if s is None and f == 0 else head if s is None else s for f, s in stops]
        for k in range(len(stops) - 1):
            share = stops[k + 1][0] - stops[k][0]
            for seconds, one, other in (
                (network.seconds_along[edge], names[k], names[k + 1]),
                (network.seconds_against[edge], names[k + 1], names[k]),
            ):
                # A place at the very end of a one-way street is at its end.
                arc(one, other, 0.0 if share == 0 else share * seconds)
    return graph


def covers(who, graph):
    """Which homes each tier covers, shape (tiers, H), and nothing of the package in between."""
    limit = max(who.thresholds_min.values()) * 60
    seconds = np.zeros((len(who.facilities.edge), len(who.elderly)))
    for way, of in (("back", graph), ("to", graph.reverse(copy=False))):
        if way in who.ways:
            for f in range(len(seconds)):
                reached = nx.single_source_dijkstra_path_length(
                    of, ("f", f), cutoff=limit + 1, weight="seconds"
                )
                mine = [reached.get(("h", h), np.inf) for h in range(len(who.elderly))]
                seconds[f] = np.maximum(seconds[f], mine)
    return np.array([
        (seconds[members] <= who.thresholds_min[tier] * 60 + 1e-6).any(axis=0)
        for tier, members in who.tiers.items()
    ])  # fmt: skip


def with_link(graph, wanted, k):
    one, other = int(wanted.one[k]), int(wanted.other[k])
    after = graph.copy()
    for tail, head, seconds in ((one, other, wanted.there_s[k]), (other, one, wanted.back_s[k])):
        old = after.get_edge_data(tail, head, {"seconds": np.inf})["seconds"]
        after.add_edge(tail, head, seconds=min(float(seconds), old))
    return after


def slower_minutes(graph, one, other):
    reached = [
        nx.single_source_dijkstra_path_length(graph, a, weight="seconds").get(b, np.inf)
        for a, b in ((one, other), (other, one))
    ]
    return max(reached) / 60


def anew(who, wanted, graph, count):
    """Every candidate's people, then the best of those that compete, one after the other."""
    now, rows = covers(who, graph), []
    for k in range(len(wanted)):
        one, other = int(wanted.one[k]), int(wanted.other[k])
        far = slower_minutes(graph, one, other) >= BRIDGE_WALK_MIN
        if SHORTCUT_KINDS[wanted.kind[k]] == "bridge" and not far:
            continue
        won = covers(who, with_link(graph, wanted, k)) & ~now
        people = float(who.elderly[won.any(axis=0)].sum())
        whole = float(who.elderly[(won | now).all(axis=0) & ~now.all(axis=0)].sum())
        each = (won * who.elderly).sum(axis=1).tolist()
        if people > 0:
            slower = max(wanted.there_s[k], wanted.back_s[k])
            middle = (who.network.xy[one] + who.network.xy[other]) / 2
            rows.append(((-people, slower, k), middle, [people, whole, *each]))
    rows.sort(key=lambda row: row[0])
    taken = []
    for row in rows:
        if all(np.hypot(*(row[1] - best[1])) >= APART_M for best in taken):
            taken.append(row)
    return taken[:count]


@st.composite
def slopes(draw):
    """A small city with heights, some of its streets stairs and some of its links one way."""
    who = draw(cities())
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    network = who.network
    kind = network.features.kind.copy()
    kind[dice.random(len(kind)) < 0.4] = STAIRS
    z = dice.choice([0.0, 2.0, 9.0, 30.0, np.nan], len(network.node_id))
    # Two junctions so near each other that a lift may join them.
    xy = network.xy * draw(st.sampled_from([0.3, 1.0]))
    network = replace(network, features=replace(network.features, kind=kind), z=z, xy=xy)
    return replace(who, network=network)


@settings(deadline=None, max_examples=40)
@given(slopes(), st.sampled_from([1, 3, 10]))
def test_the_best_are_those_of_every_candidate_computed_anew(who, count):
    ask = passing(who)
    wanted, graph = candidates(ask), streets(who)
    assert (covers(who, graph) == covered(who, who.links)).all()
    expected = anew(who, wanted, graph, count)
    found = shortcuts(ask, count=count)
    columns = ["elderly_gained", "elderly_gained_circle",
               *(f"elderly_gained_{tier}" for tier in who.tiers)]  # fmt: skip
    assert found[columns].to_numpy().tolist() == [row[2] for row in expected]
    lines = [(wanted.one[k], wanted.other[k]) for (_, _, k), _, _ in expected]
    assert [line.coords[:] for line in found.geometry] == [
        [tuple(who.network.xy[one]), tuple(who.network.xy[other])] for one, other in lines
    ]


@settings(deadline=None, max_examples=40)
@given(slopes())
def test_where_it_stops_changes_nothing(who):
    """All candidates at once, one by one, and in blocks: the same table."""
    ask, tables = passing(who), []
    for first, most in ((1, 1), (3, 5), (10_000, 10_000)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_FIRST", first)
            patch.setattr(module, "_MOST", most)
            patch.setattr(module, "_NODES", first)
            tables.append(shortcuts(ask, count=2).to_json())
    assert tables[0] == tables[1] == tables[2]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    study = coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw"))
    return access_of(coverage.run(study.model_copy(update={"siting": None})))


def test_the_sample_by_networkx(sample):
    """Its ten best, and others that are not, each with the whole town walked anew."""
    ask = passing(sample)
    best, wanted, graph = shortcuts(ask), candidates(ask), streets(sample)
    now = covers(sample, graph)
    assert (now == covered(sample, sample.links)).all()
    ends = {(tuple(sample.network.xy[one]), tuple(sample.network.xy[other]), kind): k
            for k, (one, other, kind) in enumerate(
                zip(wanted.one.tolist(), wanted.other.tolist(), wanted.kind.tolist(),
                    strict=True))}  # fmt: skip
    listed = [
        ends[(*line.coords[:], SHORTCUT_KINDS.index(kind))]
        for line, kind in zip(best.geometry, best["kind"], strict=True)
    ]
    others = np.random.default_rng(7).choice(len(wanted), 10, replace=False).tolist()
    gained = []
    for k in [*listed, *others]:
        won = covers(sample, with_link(graph, wanted, k)) & ~now
        gained.append(float(sample.elderly[won.any(axis=0)].sum()))
    assert gained[: len(listed)] == best["elderly_gained"].tolist()
    middles = (sample.network.xy[wanted.one] + sample.network.xy[wanted.other]) / 2
    taken = [np.array(line.centroid.coords[0]) for line in best.geometry]
    for k, people in zip(others, gained[len(listed) :], strict=True):
        competes = min(np.hypot(*(middles[k] - at)) for at in taken) < APART_M
        bridge = SHORTCUT_KINDS[wanted.kind[k]] == "bridge"
        near = bridge and slower_minutes(graph, wanted.one[k], wanted.other[k]) < BRIDGE_WALK_MIN
        assert people <= best["elderly_gained"].min() or competes or near


def flight(walker):
    """A flight of stairs from 1 up to 2, 40 m long in plan, and the home beyond it.

    The facility is at 1; the stairs take 14.9 minutes and the home is 9 m beyond.
    """
    network = make_network({1: (0, 0), 2: (40, 0), 3: (49, 0), 4: (-60, 0)},
                           [(1, 2, 894), (2, 3, 10), (4, 1, 60)], walker=walker)  # fmt: skip
    kind = network.features.kind.copy()
    kind[0] = STAIRS
    network = replace(network, features=replace(network.features, kind=kind),
                      z=np.array([0.0, 20.0, np.nan, np.nan]))  # fmt: skip
    return access(network, standing((0, 0.0)), standing((1, 1.0)), [5],
                  {"community": np.array([0])})  # fmt: skip


def test_an_escalator_and_a_lift_beside_a_flight_by_hand():
    who = flight("senior")
    wanted = candidates(passing(who))
    of = {SHORTCUT_KINDS[k]: s for k, s in zip(wanted.kind.tolist(), wanted.there_s.tolist(),
                                               strict=True)}  # fmt: skip
    # 40 m in plan, 20 m up: a lift, and an escalator beside the stairs. No bridge: too steep.
    between = np.isin(wanted.one, [0]) & np.isin(wanted.other, [1])
    assert sorted(SHORTCUT_KINDS[k] for k in wanted.kind[between]) == ["escalator", "lift"]
    assert of["escalator"] == pytest.approx(40 / np.cos(np.pi / 6) / ESCALATOR_MPS)
    assert of["lift"] == pytest.approx(LIFT_WAIT_S + LIFT_DOORS_S + 20 / LIFT_MPS + 40 / 0.9)


def test_of_places_that_compete_the_best_is_listed_and_of_equals_the_quicker():
    """All win the 5; quicker than escalator and lift is a level bridge, where no height is known.

    It leads from 1 to the home's own end at 3.
    """
    found = shortcuts(passing(flight("senior")))
    assert found["kind"].tolist() == ["bridge"]
    assert found["elderly_gained"].tolist() == [5]
    assert found["link_min"].tolist() == [pytest.approx(49 / 0.9 / 60)]


def test_a_wheelchair_is_not_sent_up_an_escalator():
    kinds = candidates(passing(flight("wheelchair"))).kind
    assert SHORTCUT_KINDS.index("escalator") not in kinds.tolist()
    assert SHORTCUT_KINDS.index("lift") in kinds.tolist()

"""Care that comes home, on towns that a reader can solve by hand."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pyproj import Transformer

import coverage
from conftest import CRS, ORIGIN, make_network
from coverage.catalogue import init_study, load_study
from coverage.drive import drive_network, parking_edges
from coverage.errors import Findings, InputError
from coverage.inputs.drive_rules import directions, may_drive, speed_kmh
from coverage.inputs.osm_file import read_drivable, read_streets
from coverage.outputs.packing import unpack
from coverage.outputs.payload import payload_of
from coverage.outputs.warning_words import warning_zh
from coverage.rounds import nearest_neighbour_tour, rounds_of
from coverage.snapping import snap, usable_edges
from coverage.study_parts import VisitsPart
from coverage.visits import BEYOND, IN_REACH, NOT_SNAPPED, Travel, visits_by_area, visits_of
from test_people import homes_at
from test_reach import random_networks, snap_all

# ---- the rules ----


@pytest.mark.parametrize(
    ("tags", "drives"),
    [
        ({"highway": "motorway"}, True),
        ({"highway": "residential", "access": "private"}, True),
        ({"highway": "residential", "access": "no"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "destination"}, True),
        ({"highway": "residential", "motor_vehicle": "no"}, False),
        ({"highway": "residential", "motor_vehicle": "yes", "motorcar": "no"}, False),
        ({"highway": "service", "area": "yes"}, False),
        ({"highway": "steps"}, False),
        ({"highway": "pedestrian"}, False),
        ({"highway": "construction"}, False),
        ({"building": "yes"}, False),
    ],
)
def test_which_ways_a_car_may_use(tags, drives):
    assert may_drive(tags) == drives


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"highway": "primary"}, (True, True)),
        ({"highway": "primary", "oneway": "yes"}, (True, False)),
        ({"highway": "primary", "oneway": "-1"}, (False, True)),
        ({"highway": "primary", "oneway": "reversible"}, (False, False)),
        ({"highway": "primary", "junction": "roundabout"}, (True, False)),
        ({"highway": "primary", "junction": "roundabout", "oneway": "-1"}, (False, True)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
        ({"highway": "primary", "oneway": "yes", "oneway:motor_vehicle": "no"}, (True, True)),
    ],
)
def test_which_way_a_car_may_go(tags, ways):
    assert directions(tags) == ways


@pytest.mark.parametrize(
    ("maxspeed", "kmh"),
    [(None, 30), ("40", 24), ("40 km/h", 24), ("20 mph", 19.312128), ("80", 30), ("none", 30),
     ("0", 30), ("CN:urban", 30)],
)  # fmt: skip
def test_the_speed_of_a_main_road(maxspeed, kmh):
    tags = {"highway": "primary"} | ({"maxspeed": maxspeed} if maxspeed else {})
    assert speed_kmh(tags) == pytest.approx(kmh)


# ---- the drive network ----


def osm_file(folder, nodes, ways):
    r"""Write {node: (x, y)} in metres from `ORIGIN` and ways (nodes, tags) as OpenStreetMap."""
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    lines = []
    for node, (x, y) in nodes.items():
        lon, lat = to_degrees.transform(ORIGIN[0] + x, ORIGIN[1] + y)
        lines.append(f'<node id="{node}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    for number, (refs, tags) in enumerate(ways, start=1):
        inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        inner += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        lines.append(f'<way id="{number}" version="1">{inner}</way>')
    path = folder / "streets.osm"
    path.write_text(f'<osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
    return path


SQUARE = {1: (0, 0), 2: (600, 0), 3: (600, 600), 4: (0, 600), 5: (1800, 0)}


@pytest.fixture
def block(tmp_path):
    r"""A block: one street runs one way, stairs cut across, a motorway leads off.

    4---------3
    |   /     |      30 km/h x 0.6 = 18 km/h = 5 m/s on the sides: 600 m in 120 s
    1--->-----2====5 80 km/h x 0.6 = 13.33 m/s: 1200 m in 90 s
    """
    return osm_file(
        tmp_path, SQUARE,
        [([1, 2], {"highway": "residential", "oneway": "yes"}),
         ([2, 3, 4, 1], {"highway": "residential"}),
         ([1, 3], {"highway": "steps"}),
         ([2, 5], {"highway": "motorway", "oneway": "no"})],
    )  # fmt: skip


def at(*xy):
    return np.array(xy, dtype=float) + ORIGIN


def reached(network, facility, homes, part, *, extra_min=0.0):
    """Return what staff reach who stand on the network's parking edges."""
    onto = parking_edges(network)
    travel = Travel(
        network,
        snap(network, at(*homes), onto=onto, limit_m=50),
        snap(network, at(facility), onto=onto, limit_m=50),
        extra_min,
    )
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*at(*homes).T), crs=CRS)
    people = np.full(len(homes), 8.0)
    return visits_of(travel, points, people, np.array([0]), part), points, people


def test_a_car_goes_round_a_one_way_street_and_not_by_the_stairs(block):
    """From 2 to 1 a car takes three sides, 1800 m; two minutes more to park."""
    network = drive_network(read_drivable(block, findings=Findings()), crs=CRS)
    assert "steps" not in set(network.ways["highway"])
    found, *_ = reached(network, (600, 0), [(0, 0), (0, 600), (600, 600)], VisitsPart(),
                        extra_min=2.0)  # fmt: skip
    assert_allclose(found.homes["visits_min"], [8, 6, 4], atol=1e-3)
    back, *_ = reached(network, (0, 0), [(600, 0)], VisitsPart())
    assert_allclose(back.homes["visits_min"], [2], atol=1e-3)


def test_a_motorway_is_driven_and_neither_walked_nor_parked_on(block):
    network = drive_network(read_drivable(block, findings=Findings()), crs=CRS)
    motorway = (network.ways["highway"] == "motorway").to_numpy()[network.way]
    assert_allclose(network.seconds_along[motorway], [90], atol=1e-2)
    assert not motorway[parking_edges(network)].any()
    walking = read_streets(block, rules="pedestrian", findings=Findings())
    rules = walking.ways["rule"]
    assert not walking.walkable[(rules == "motorway").to_numpy()[walking.way]].any()


def test_where_a_car_cannot_come_back_it_does_not_stop(tmp_path):
    """A dead end that runs one way, as at the rim of an extract."""
    path = osm_file(tmp_path, {1: (0, 0), 2: (600, 0), 3: (1200, 0)},
                    [([1, 2], {"highway": "residential"}),
                     ([2, 3], {"highway": "residential", "oneway": "yes"})])  # fmt: skip
    network = drive_network(read_drivable(path, findings=Findings()), crs=CRS)
    assert network.ways.index[network.way[parking_edges(network)]].tolist() == [1]
    assert network.ways.index[network.way[usable_edges(network)]].tolist() == [1, 2]


def test_a_file_without_roads_says_so(tmp_path):
    path = osm_file(tmp_path, SQUARE, [([1, 2], {"highway": "steps"})])
    with pytest.raises(InputError, match="no street that a car may use"):
        read_drivable(path, findings=Findings())


# ---- who is in reach ----


def test_in_reach_beyond_and_not_snapped_add_up(block):
    network = drive_network(read_drivable(block, findings=Findings()), crs=CRS)
    homes = [(600, 300), (0, 0), (300, 300)]
    found, points, people = reached(network, (600, 0), homes, VisitsPart(minutes=4))
    assert found.homes["visits_reach"].tolist() == [IN_REACH, BEYOND, NOT_SNAPPED]
    table = visits_by_area(found.homes, points, people, None).loc["total"]
    assert table[["elderly", "in_reach", "beyond", "not_snapped"]].tolist() == [24, 8, 8, 8]
    assert table["share_in_reach"] == pytest.approx(1 / 3)


def test_a_limit_below_the_parking_reaches_nobody(block):
    network = drive_network(read_drivable(block, findings=Findings()), crs=CRS)
    found, *_ = reached(network, (0, 0), [(0, 0)], VisitsPart(minutes=1), extra_min=2.0)
    assert found.homes["visits_reach"].tolist() == [BEYOND]
    assert found.facilities.loc[0, "rounds"] == 0


@settings(max_examples=40, deadline=None)
@given(random_networks(), st.floats(1, 30), st.floats(1, 30))
def test_a_longer_limit_never_loses_a_home_and_networkx_agrees(case, one, other):
    network, snapped = case
    edges = np.flatnonzero(network.length_m > 0)
    nodes = network.xy[network.tail[edges]]
    if not len(edges):
        return
    homes = snap_all(network, nodes)
    members = np.arange(len(snapped.edge))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*nodes.T), crs=CRS)
    people = np.ones(len(nodes))
    travel = Travel(network, homes, snapped)
    low, high = (
        visits_of(travel, points, people, members, VisitsPart(minutes=limit))
        for limit in sorted((one, other))
    )
    near, far = (found.homes["visits_reach"] == IN_REACH for found in (low, high))
    assert not (near & ~far).any()
    assert_allclose(low.homes["visits_min"][near], high.homes["visits_min"][near])
    for found, inside in ((low, near), (high, far)):
        served = found.facilities
        assert served["elderly"].sum() == inside.sum()
        assert_allclose(served["visited"] + served["left_out"], served["elderly"])
    assert_allclose(
        high.homes["visits_min"], _by_networkx(network, snapped, homes, max(one, other)), atol=1e-6
    )


def _by_networkx(network, facilities, homes, limit_min):
    """Return minutes from the nearest facility, every place a node of a graph."""
    graph = nx.DiGraph()

    def arc(start, end, seconds):
        if np.isfinite(seconds):
            known = graph.get_edge_data(start, end, {"weight": np.inf})["weight"]
            graph.add_edge(start, end, weight=min(known, float(seconds)))

    stops = {}
    for kind, places in (("f", facilities), ("h", homes)):
        for k in np.flatnonzero(places.found).tolist():
            graph.add_node((kind, k))
            stops.setdefault(int(places.edge[k]), []).append((float(places.fraction[k]), kind, k))
            arc(kind + "door", (kind, k), 0)
    for edge in range(len(network.tail)):
        along, against = network.seconds_along[edge], network.seconds_against[edge]
        line = [(0.0, int(network.tail[edge]))]
        line += [(share, (kind, k)) for share, kind, k in stops.get(edge, [])]
        line += [(1.0, int(network.head[edge]))]
        for a, start in line:
            for b, end in line:
                if start != end and a <= b:
                    arc(start, end, (b - a) * along if b > a else 0.0)
                if start != end and a >= b:
                    arc(start, end, (a - b) * against if a > b else 0.0)
    best = np.full(len(homes.edge), np.inf)
    for f in np.flatnonzero(facilities.found).tolist():
        seconds = nx.single_source_dijkstra_path_length(graph, ("f", f))
        for h in np.flatnonzero(homes.found).tolist():
            walk = seconds.get(("h", h), np.inf) + facilities.leg_s[f] + homes.leg_s[h]
            best[h] = min(best[h], walk)
    return np.where(best / 60 <= limit_min + 1e-7, best / 60, np.nan)


# ---- rounds ----


def line_of(*minutes):
    """Return the minutes between homes on a line, the facility at 0 being the last place."""
    place = np.array([*minutes, 0.0])
    return np.abs(place[:, None] - place)


def test_the_tour_goes_on_to_the_nearest():
    assert nearest_neighbour_tour(line_of(10, -3, 4)).tolist() == [1, 2, 0]


def test_one_round_by_hand():
    """F-5-A-5-B: out 5, A 30, on 5, B 30, back 10: 80 minutes, 20 of them on the way."""
    two = rounds_of(line_of(5, 10), np.ones(2), round_min=80, visit_min=30)
    assert (two.count, two.visits, two.travel_min, two.visit_min) == (1, 2, 20, 60)
    # A minute less, and B needs a carer of its own: 10 + 20 minutes on the way.
    one = rounds_of(line_of(5, 10), np.ones(2), round_min=79, visit_min=30)
    assert (one.count, one.visits, one.travel_min) == (2, 2, 30)


def test_many_people_in_one_home():
    """Of 240 minutes 10 are on the way: 7 visits a round; 20 people take three rounds."""
    found = rounds_of(line_of(5), np.array([20.0]), round_min=240, visit_min=30)
    assert (found.count, found.visits, found.travel_min) == (3, 20, 30)


def test_a_home_too_far_for_a_round_is_left_out():
    found = rounds_of(line_of(5, 40), np.array([1, 2.5]), round_min=100, visit_min=30)
    assert (found.count, found.visits, found.left_out) == (1, 1, 2.5)
    cut_off = line_of(5, 6)
    cut_off[1, 2] = np.inf
    assert rounds_of(cut_off, np.ones(2), round_min=100, visit_min=30).left_out == 1


@given(
    st.lists(st.tuples(st.floats(0, 60), st.floats(0.01, 40)), min_size=1, max_size=12),
    st.floats(30, 480), st.floats(5, 60),
)  # fmt: skip
def test_rounds_conserve_people_and_fit_their_time(homes, round_min, visit_min):
    minutes, people = np.array(homes).T
    found = rounds_of(line_of(*minutes), people, round_min=round_min, visit_min=visit_min)
    assert found.visits + found.left_out == pytest.approx(people.sum())
    assert found.travel_min + found.visit_min <= found.count * round_min + 1e-6
    longer = rounds_of(line_of(*minutes), people, round_min=2 * round_min, visit_min=visit_min)
    assert longer.left_out <= found.left_out + 1e-9


def test_with_no_way_to_go_only_the_visits_count():
    """A car of no time at all: 24 people at 8 visits a round."""
    network = make_network({0: (0, 0), 1: (1000, 0)}, [(0, 1, 0, 0)])
    points = homes_at([(100, 0), (500, 0), (900, 0)])
    travel = Travel(network, snap_all(network, [(100, 0), (500, 0), (900, 0)]),
                    snap_all(network, [(0, 0)]))  # fmt: skip
    found = visits_of(travel, points, np.full(3, 8.0), np.array([0]), VisitsPart())
    assert found.facilities.loc[0, ["rounds", "visits_per_round", "travel_min"]].tolist() == [
        3, 8, 0,
    ]  # fmt: skip


# ---- the study ----


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return init_study(tmp_path_factory.mktemp("visits") / "town")


def test_the_sample_conserves_its_people_in_every_area(sample):
    result = coverage.run(load_study(sample, visits__who="all", visits__minutes=8))
    found = result.visits
    total = found.homes["elderly"].sum()
    for _, own in found.areas.groupby("by"):
        assert_allclose(own["in_reach"] + own["beyond"] + own["not_snapped"], own["elderly"])
        whole = own.set_index("area")["elderly"]
        assert whole["total"] == pytest.approx(total)
        assert whole.drop("total").sum() == pytest.approx(total)
    for by, own in found.facilities.groupby("by"):
        of_all = (found.areas["by"] == by) & (found.areas["area"] == "total")
        in_reach = found.areas.loc[of_all, "in_reach"].iloc[0]
        assert own["elderly"].sum() == pytest.approx(in_reach)
        assert (own["visited"] + own["left_out"]).sum() == pytest.approx(in_reach)
        said = result.summary["visits"][by]
        assert said["elderly_in_reach"] == pytest.approx(in_reach)
        assert said["homes"] == (found.homes[f"reach_{by}"] == IN_REACH).sum()
    reached = found.homes[[f"reach_{by}" for by in ("foot", "car")]] == IN_REACH
    assert (found.homes["reach"].isin(["foot", "car"]) == reached.any(axis=1)).all()
    beyond = found.homes["elderly"][~reached.any(axis=1)].sum()
    assert result.summary["visits"]["elderly_beyond_every_way"] == pytest.approx(beyond)


def test_the_uncovered_are_those_who_cannot_walk_there(sample):
    result = coverage.run(load_study(sample, visits__by=["foot"]))
    homes = result.people.homes
    cannot = ~(homes["covered_community"] | homes["covered_street"])
    assert_allclose(result.visits.homes["to_visit"], homes["elderly"].where(cannot, 0.0))


def test_a_run_without_people_says_that_nobody_can_be_visited(sample):
    study = load_study(sample, visits__by=["foot"], siting__lines=False)
    result = coverage.run(study.model_copy(update={"population": None}))
    assert result.visits is None
    (said,) = [text for text in result.summary["warnings"] if text.startswith("visits")]
    assert said.startswith("visits: The study does not say where old people live")
    assert warning_zh(said) == "上门服务：研究未说明老年人住在何处，无法计算；请填写 [population]"


def test_a_run_without_anybody_to_send_says_so_and_keeps_the_rest(sample, tmp_path):
    table = sample.parent / "facilities.csv"
    kept = [row for row in table.read_text(encoding="utf-8").splitlines() if "district" not in row]
    path = tmp_path / "facilities.csv"
    path.write_text("\n".join(kept), encoding="utf-8")
    study = load_study(sample, facilities__file=path, visits__tiers=["district"])
    result = coverage.run(study)
    assert result.visits is None
    assert "visits" not in result.summary
    (said,) = [text for text in result.summary["warnings"] if text.startswith("visits")]
    assert "No facility of the tiers district" in said
    assert warning_zh(said) == (
        "上门服务：研究区及附近没有区县失能特困集中照护中心，无人可派；"
        "请在 [visits] tiers 中写明现有层级"
    )
    assert result.people is not None


def test_the_map_gets_what_the_run_found(sample):
    result = coverage.run(load_study(sample, siting__lines=False))
    homes = result.visits.homes
    meta, s = unpack(payload_of(result))
    assert meta["visits"]["by"] == ["foot", "car"]
    asked = homes["to_visit"] > 0
    for code, way in enumerate(meta["visits"]["ways"], start=1):
        own = asked & (homes["reach"] == way["id"])
        assert (s["home.visit"] == code).sum() == own.sum()
        assert s["home.elderly"][s["home.visit"] == code].sum() == homes["elderly"][own].sum()
    assert (s["home.visit"] == 3).any()
    for by in ("foot", "car"):
        tenths = np.sort(s[f"home.visit.{by}"].astype(float))
        known = np.sort(homes[f"minutes_{by}"].dropna())
        assert_allclose(tenths[: len(known)] / 10, known, atol=0.05 + 1e-9)
        assert set(tenths[len(known) :]) == {65535.0}


@pytest.mark.parametrize("change", [{"visits__minutes": 0}, {"visits__by": []},
                                    {"visits__round_hours": -1}])  # fmt: skip
def test_what_makes_no_sense_is_refused_by_its_key(sample, change):
    with pytest.raises(InputError, match=next(iter(change)).replace("__", ".")):
        load_study(sample, **change)

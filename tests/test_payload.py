"""What the map knows: the engine's figures, in a block that is small, and the words as text."""

import base64
import dataclasses
import json
import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from conftest import CRS, ORIGIN, make_streets, walked
from coverage import pipeline
from coverage.assessment import pieces_by_area, pieces_inside, with_any_and_all
from coverage.catalogue import load_study
from coverage.choices import choices_of
from coverage.circle import snap_homes
from coverage.demand import inside_only
from coverage.findings import Findings
from coverage.inputs.everything import Inputs
from coverage.inputs.ground import Ground, no_ground
from coverage.outputs.packing import pack, unpack
from coverage.outputs.payload import content_of, payload_of
from coverage.outputs.payload_links import NOWHERE
from coverage.outputs.payload_minutes import BEYOND, IMPASSABLE
from coverage.outputs.payload_shapes import WORLD_UNITS
from coverage.people import assess_people
from coverage.pieces import Pieces
from coverage.reach import reach_of_each
from coverage.snapping import snap_facilities
from coverage.study import Study
from coverage.study_parts import TIERS
from invented_city import invented_city

X, Y = ORIGIN
MB = 1_000_000

HOSTILE = [
    "</script><script>alert(1)</script>",
    "quotes \" ' ` ${alert(1)} \\",
    "{{ cycler.__init__.__globals__ }} {% raw %} {# x #}",
    "<!-- --> ]]>",
    "مركز الرعاية 12",
    "😀👵🏽",
    "梯坎" * 150,
]


def metres(x, y):
    """Return places of the map, units of the world, as metres from the origin."""
    lon = np.asarray(x) / WORLD_UNITS * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(y) / WORLD_UNITS))))
    to_metres = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    return np.column_stack(to_metres.transform(lon, lat)) - ORIGIN


def base64_mb(block: bytes) -> float:
    return len(base64.b64encode(block)) / MB


def town(*, people=True, areas=True, name="正街", facilities=("community",)) -> Findings:
    r"""Two streets and an expressway; the first street bends, the second is a stair of 140 steps.

          y=60                        4
                    2 (350, 30)       |  way 2: steps up to the north, 54 m high
                 .     way 1   .      |
          y=0  1 --- - - - - - - -    3
               C (0, -9)            (700, 0)
          y=-100  5 ------- 6 ------- 7  way 3: nobody walks there

    A building with 10 elderly people stands 15 m east of the stair's head, and a yard west of the
    bend has 30 by another rule.
    """
    nodes = {
        1: (0, 0), 2: (350, 30), 3: (700, 0), 4: (700, 60), 5: (0, -100), 6: (500, -100),
        7: (700, -100),
    }  # fmt: skip
    streets = make_streets(
        nodes,
        [
            (1, [1, 2, 3], {"highway": "residential", "name": name, "bridge": "yes"}),
            (2, [3, 4], {"highway": "steps", "step_count": "140"}),
            (3, [5, 6, 7], {"highway": "motorway", "name": "大道", "tunnel": "yes"}),
        ],
    )
    network = walked(streets, {1: 200.0, 2: 200.0, 3: 203.0, 4: 257.0})
    study = Study(
        name="town", title="小镇", facilities={"file": "f.csv"}, boundary="b.geojson",
        compare=("senior", "adult", "wheelchair"),
        population={"file": "p.csv"} if people else None, areas={"file": "a.geojson"},
    )  # fmt: skip
    places = {"community": (0, -9), "street": (350, 400), "district": (0, -9)}
    sites = gpd.GeoDataFrame(
        {"name": "站", "tier": list(facilities), "capacity": [15.0] * len(facilities), "address": None},
        index=pd.Index([f"{tier[0].upper()}1" for tier in facilities], name="id"),
        geometry=shapely.points([np.array(places[tier]) + ORIGIN for tier in facilities]),
        crs=CRS,
    )  # fmt: skip
    boundary = shapely.box(X - 50, Y - 50, X + 1000, Y + 50)
    named = None
    if areas:
        halves = [shapely.box(X - 50, Y - 50, X + 600, Y + 50),
                  shapely.box(X + 600, Y - 50, X + 1000, Y + 50)]  # fmt: skip
        named = gpd.GeoDataFrame(
            index=pd.Index(["西", "东"], name="area"), geometry=halves, crs=CRS
        )
    house = shapely.box(X + 710, Y + 35, X + 720, Y + 47)
    shop = shapely.box(X + 100, Y + 10, X + 130, Y + 40)
    buildings = gpd.GeoDataFrame(
        {"osm_id": ["way/8", "way/9"], "name": ["坡顶楼", "商场"], "kind": "yes"},
        geometry=[house, shop], crs=CRS,
    ).to_crs("EPSG:4326")  # fmt: skip
    river = shapely.box(X - 500, Y - 900, X + 2000, Y - 600)
    creek = shapely.LineString([(X, Y - 300), (X + 300, Y - 400)])
    inputs = Inputs(
        crs=CRS, boundary=boundary, streets=streets, facilities=sites, inventory={}, areas=named,
        zones=None, surface_m=None, population=None, buildings=buildings,
        ground=Ground(
            gpd.GeoDataFrame({"name": ["南江"]}, geometry=[river], crs=CRS),
            gpd.GeoDataFrame({"name": [""]}, geometry=[creek], crs=CRS),
            gpd.GeoDataFrame({"name": ["坡站"], "kind": "station"}, geometry=shapely.points([[X, Y]]),
                             crs=CRS),
        ),
        candidates=None, files={}, warnings=("streets: one 改",),
    )  # fmt: skip
    inside = pieces_inside(network, boundary)
    parts = {} if named is None else pieces_by_area(network, inside, named)

    def km(pieces: Pieces) -> float:
        return pieces.length_m(network.length_m) / 1000

    snapped = snap_facilities(study, network, sites)
    reach = reach_of_each(
        network, snapped, np.arange(len(sites)), direction="worst", cutoffs_min=study.cutoffs_min
    )
    of_tier = sites["tier"].to_numpy()
    covered = with_any_and_all(
        {tier: reach.within(15, np.flatnonzero(of_tier == tier)) for tier in TIERS}
    )
    found = None
    if people:
        homes = gpd.GeoDataFrame(
            {
                "population": [40.0, 100.0], "elderly": [10.0, 30.0],
                "source": ["building", "compound"], "osm_id": ["way/8", ""], "place": ["", "院子"],
                "entrances": None,
            },
            geometry=[house.centroid, shapely.Point(X + 340, Y + 20)], crs=CRS,
        )  # fmt: skip
        found = assess_people(
            study, network, inside_only(homes, boundary, assumed="by hand"), sites, snapped,
            snap_homes(network, homes, limit_m=300), inside=inside, covered=covered, areas=named, zones=None,
        )  # fmt: skip
    table = sites.assign(
        snapped=snapped.found, snap_m=snapped.distance_m,
        **{f"street_km_{m}min": 0.1 * m for m in (5, 10, 15)},
    )  # fmt: skip
    if found is not None:
        table = table.assign(**{c: found.service[c].to_numpy() for c in found.service})
    gaps = found.gaps if found is not None else gpd.GeoDataFrame(geometry=[], crs=CRS)
    return Findings(
        study=study,
        inputs=inputs,
        network=network,
        facilities=table,
        streets=gpd.GeoDataFrame(),
        isochrones=gpd.GeoDataFrame(),
        areas=None if named is None else named.assign(street_km=[km(part) for part in parts.values()]),
        gaps=gaps,
        people=found,
        summary={
            "street_km": km(inside),
            "warnings": list(inputs.warnings),
        },
        seconds={},
        choices=choices_of(
            study, network, sites, None if found is None else found.homes, snapped=snapped,
            places=None if found is None else found.places, inside=inside,
            areas=named, parts=parts,
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def small():
    return unpack(payload_of(town()))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    study = load_study("sample", raw=tmp_path_factory.mktemp("raw"))
    return pipeline.run(study)


def test_streets_come_back_within_the_width_of_a_foot(small):
    _, s = small
    node = metres(s["node.x"], s["node.y"])
    assert len(node) == 3
    assert s["link.inner"].tolist() == [1 if m > 60 else 0 for m in s["link.m"] / 10]
    street, stair = np.argsort(-s["link.m"].astype(float))
    for link, expected in ((street, {(0, 0), (700, 0)}), (stair, {(700, 0), (700, 60)})):
        ends = node[[s["link.a"][link], s["link.b"][link]]]
        gap = [min(np.hypot(*(end - np.array(place))) for place in expected) for end in ends]
        assert max(gap) < 0.3
    start = s["link.a"][street]
    bend = metres(s["node.x"][start] + s["link.dx"], s["node.y"][start] + s["link.dy"])
    assert np.hypot(*(bend[0] - [350, 30])) < 0.3


def test_links_say_what_they_are(small):
    meta, s = small
    street, stair = np.argsort(-s["link.m"].astype(float))
    assert s["link.m"][[street, stair]].tolist() == [round(20 * np.hypot(350, 30)), 600]
    assert [meta["streetNames"][n] for n in s["link.name"][[street, stair]]] == ["正街", ""]
    kinds = [meta["kinds"][n] for n in s["link.kind"]]
    assert [kinds[n]["tag"] for n in (street, stair)] == ["residential", "steps"]
    assert kinds[stair] == {"tag": "steps", "zh": "梯坎", "en": "steps", "rank": 6}
    # In the study area both; on a bridge the street, of stairs the other.
    assert s["link.flags"][[street, stair]].tolist() == [32 | 4, 32 | 2]
    assert s["link.steps"][[street, stair]].tolist() == [0, 140]
    # 3 m up to the east on the street, 54 m up to the north on the stair.
    east = metres(s["node.x"], s["node.y"])[:, 0]
    from_west = east[s["link.a"][street]] < 350
    climb = [s["link.up"][street], s["link.down"][street]]
    assert climb == ([30, 0] if from_west else [0, 30])
    assert sorted([s["link.up"][stair], s["link.down"][stair]]) == [0, 540]


def test_times_are_those_of_the_engine_both_ways():
    result = town()
    meta, s = unpack(payload_of(result))
    assert [walker["id"] for walker in meta["walkers"]] == ["senior", "adult", "wheelchair"]
    street, stair = np.argsort(-s["link.m"].astype(float))
    east = metres(s["node.x"], s["node.y"])[:, 0]
    ways = ("ab", "ba") if east[s["link.a"][street]] < 350 else ("ba", "ab")
    expected = result.choices.chain_seconds[0, :, 0] * 10
    # The first chain runs east.
    found = [s[f"time.0.{way}"][street] for way in ways]
    np.testing.assert_allclose(found, expected, atol=0.51)
    assert s["time.2.ab"][stair] == s["time.2.ba"][stair] == IMPASSABLE
    # The adult climbs 140 steps at 0.65 s, more on so long a flight, and comes down at 0.6 s.
    down, up = sorted([s["time.1.ab"][stair], s["time.1.ba"][stair]])
    assert down == 840
    assert up > 910


def test_points_stand_where_they_are_on_the_links(small):
    meta, s = small
    street, stair = np.argsort(-s["link.m"].astype(float))
    node = metres(s["node.x"], s["node.y"])
    # The station stands at the west end of the street, 9 m south of it.
    assert s["facility.link"].tolist() == [street]
    at = s["facility.at"][0] / 65535
    assert at == pytest.approx(0 if node[s["link.a"][street], 0] < 350 else 1, abs=1e-4)
    assert s["facility.leg"].tolist() == [90]
    assert np.hypot(*(metres(s["facility.x"], s["facility.y"])[0] - [0, -9])) < 0.3
    (house,) = np.flatnonzero(s["home.elderly"] == 10)
    # Its middle is 41 m up the stair, 15 m east of it.
    assert s["home.link"][house] == stair
    up = s["home.at"][house] / 65535
    up = up if node[s["link.a"][stair], 1] < 30 else 1 - up
    assert up * 60 == pytest.approx(41, abs=0.3)
    assert s["home.leg"][house] == pytest.approx(150, abs=1)
    assert [meta["homeNames"][n] for n in s["home.label"]].count("坡顶楼") == 1
    assert meta["homeNames"] == ["", "坡顶楼", "院子"]
    assert meta["areas"][s["home.area"][house]] == "东"


def test_a_home_has_the_outline_of_its_building_and_others_lie_on_the_ground(small):
    _, s = small
    (house,) = np.flatnonzero(s["home.elderly"] == 10)
    assert s["home.rings"][house] == 4
    assert s["home.rings"].sum() == 4
    x = s["home.x"][house] + np.cumsum(s["home.vx"].astype(int))
    y = s["home.y"][house] + np.cumsum(s["home.vy"].astype(int))
    outline = shapely.Polygon(metres(x, y))
    assert outline.symmetric_difference(shapely.box(710, 35, 720, 47)).area < 12
    assert len(s["building.x"]) == 1
    assert np.hypot(*(metres(s["building.x"], s["building.y"])[0] - [115, 25])) < 0.3


def test_the_ground_is_there(small):
    meta, s = small
    # Nobody walks on the motorway; its middle node lies on a straight line.
    assert s["way.inner"].tolist() == [1]
    assert np.hypot(*(metres(s["way.x"], s["way.y"])[0] - [0, -100])) < 0.3
    assert meta["kinds"][s["way.kind"][0]]["rank"] == 0
    assert s["way.flags"].tolist() == [8]
    assert s["waterline.inner"].tolist() == [1]
    assert s["water.parts"].tolist() == [1]
    assert s["water.rings"].tolist() == [4]
    assert [(p["name"], p["kind"]) for p in meta["places"]] == [
        ("坡站", "station"),
        ("南江", "water"),
    ]
    assert s["area.polygons"].tolist() == [1, 1]
    assert s["boundary.rings"].tolist() == [4]
    (south, west), (north, east) = meta["bounds"]
    assert south < 29.56 < north + 0.5
    assert west < east


def test_words_come_in_both_languages_and_texts_as_they_are(small):
    meta, _ = small
    assert meta["walkers"][0] == {"id": "senior", "zh": "老年人", "en": "older person", "mps": 0.9}
    assert [tier["threshold"] for tier in meta["tiers"]] == [15, 15, 15]
    assert meta["tiers"][0]["zh"] == "社区养老服务站"
    assert meta["warnings"] == [{"zh": "streets: one 改", "en": "streets: one 改"}]
    assert meta["assumed"] == {"zh": "by hand", "en": "by hand"}
    assert meta["own"] == {"walker": 0, "direction": 0, "tier": 0}
    assert meta["hasPeople"]
    assert meta["attribution"] == ["© OpenStreetMap contributors, ODbL 1.0"]
    (facility,) = meta["facilities"]
    assert facility["id"] == "C1"
    assert facility["capacity"] == 15
    assert facility["address"] == ""
    assert facility["streetKm"] == {"5": 0.5, "10": 1.0, "15": 1.5}
    # The yard is 340 m away; to the head of the stair a senior walks more than 15 minutes.
    assert facility["elderlyInReach"] == facility["elderlyOnly"] == 30
    assert [cause["id"] for cause in meta["causes"]][-2:] == ["climb", "detour"]
    assert meta["totals"]["elderly"] == [40, 30, 10]
    assert meta["totals"]["population"] == 140
    assert meta["totals"]["km"][0] == pytest.approx(sum(meta["totals"]["km"][1:]))


def test_gaps_say_who_lives_there_and_why(small):
    meta, s = small
    gap = next(gap for gap in meta["gaps"] if gap["tier"] == "community")
    assert (gap["id"], gap["rank"], gap["elderly"], gap["area"]) == ("community-01", 1, 10, "东")
    assert gap["cause"] == {"zh": "坡道台阶", "en": "climb"}
    assert gap["causeShare"] == 1
    assert gap["nearest"] == "C1"
    assert gap["minutes"] > 15
    assert len(s["gap.polygons"]) == len(meta["gaps"])
    (house,) = np.flatnonzero(s["home.elderly"] == 10)
    assert meta["causes"][s["home.cause.0"][house]]["id"] == "climb"
    assert s["home.cause.0"][1 - house] == 255


def test_a_study_of_streets_alone_has_a_map_too():
    meta, s = unpack(payload_of(town(people=False, areas=False)))
    assert not meta["hasPeople"]
    assert meta["gaps"] == meta["areas"] == []
    assert meta["totals"]["elderly"] is None
    assert not any(name.startswith(("home.", "min.home", "area.", "gap.")) for name in s)
    assert "curve.elderly" not in s
    assert meta["facilities"][0]["elderlyInReach"] is None
    # Both buildings are ground now.
    assert len(s["building.x"]) == 2
    assert np.all(s["min.street.0.0.1"] == BEYOND)


def test_a_facility_without_a_street_stands_nowhere():
    _, s = unpack(payload_of(town(facilities=("community", "street"))))
    assert s["facility.link"].tolist()[1] == NOWHERE
    assert s["facility.tier"].tolist() == [0, 1]


def test_without_choices_there_is_no_map():
    with pytest.raises(ValueError, match="choices"):
        payload_of(dataclasses.replace(town(), choices=None))


def test_the_same_findings_give_the_same_bytes():
    assert payload_of(town()) == payload_of(town())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_the_data_stay_text(name):
    result = town(name=name)
    frame = result.facilities.assign(name=name, address=name).set_axis(
        pd.Index([name], name="id"), axis=0
    )
    homes = result.people.homes.assign(place=name)
    result = dataclasses.replace(
        result,
        facilities=frame,
        people=dataclasses.replace(result.people, homes=homes),
        study=result.study.model_copy(update={"title": name, "notices": (name, "")}),
        summary={**result.summary, "warnings": [name]},
    )
    meta, s = unpack(payload_of(result, tianditu="key"))
    assert meta["title"] == meta["facilities"][0]["name"] == meta["facilities"][0]["id"] == name
    assert meta["notices"] == [name]
    assert meta["warnings"] == [{"zh": name, "en": name}]
    assert name in meta["streetNames"]
    assert name in [meta["homeNames"][n] for n in s["home.label"]]
    assert meta["tianditu"] == "key"


def test_the_homes_add_up_to_the_figures_in_every_choice(sample):
    meta, s = unpack(payload_of(sample))
    choices = sample.choices
    shape = (1 + len(meta["areas"]), *choices.home_min.shape[:3], len(meta["minutes"]))
    figures = s["curve.elderly"].reshape(shape)
    np.testing.assert_allclose(figures, choices.elderly, atol=1e-6)
    np.testing.assert_allclose(s["curve.km"].reshape(shape), choices.street_km, atol=1e-6)
    elderly, area = s["home.elderly"], s["home.area"]
    for walker, direction, tier in np.ndindex(shape[1:4]):
        minutes = s[f"min.home.{walker}.{direction}.{tier}"] / meta["quantum"]
        for number, cut in enumerate(meta["minutes"]):
            within = elderly * (minutes <= cut)
            expected = [within.sum(), *(within[area == a].sum() for a in range(len(meta["areas"])))]
            np.testing.assert_allclose(figures[:, walker, direction, tier, number], expected)
    # And at the promise of the study itself to the summary.
    own, fifteen = meta["own"]["direction"], meta["minutes"].index(15)
    assert figures[0, 0, own, 0, fifteen] == sample.summary["people"]["elderly_community"]


def test_every_facility_and_home_of_the_sample_is_on_its_link(sample):
    """A point's place on its link, walked along the vertices, is as far away as its leg says."""
    meta, s = unpack(payload_of(sample))
    start = np.r_[0, np.cumsum(s["link.inner"].astype(int))]
    node = np.column_stack([s["node.x"], s["node.y"]]).astype(float)
    steps = np.column_stack([s["link.dx"], s["link.dy"]]).astype(int)
    for name in ("facility", "home"):
        xy = np.column_stack([s[f"{name}.x"], s[f"{name}.y"]])
        off = []
        for point, link in enumerate(s[f"{name}.link"].tolist()):
            a, b = s["link.a"][link], s["link.b"][link]
            inner = node[a] + np.cumsum(steps[start[link] : start[link + 1]], axis=0)
            line = shapely.LineString(metres(*np.vstack([node[a], inner, node[b]]).T))
            place = line.interpolate(s[f"{name}.at"][point] / 65535, normalized=True)
            away = place.distance(shapely.Point(metres(*xy[point : point + 1].T)[0]))
            off.append(away - s[f"{name}.leg"][point] / 10)
        # Simplified by a metre; homes may stand on the street by their door, not their middle.
        assert np.median(np.abs(off)) < 1.0
        assert len(off) == len(meta["facilities"]) if name == "facility" else len(off) > 300


def test_the_sample_is_small(sample):
    assert base64_mb(payload_of(sample)) < 0.3


def test_nine_districts_fit_into_a_page():
    """150,000 links of four segments each, 40,000 homes, 1,000 facilities, five walkers."""
    city = invented_city()
    meta, sections = content_of(city)
    count = {s.name: len(s.array) for s in sections if not isinstance(s, list)}
    assert len(city.network.tail) == 600_000
    assert count["link.a"] == 150_000
    assert count["home.x"] == 40_000
    assert len(meta["facilities"]) == 1_000
    assert base64_mb(pack(meta, sections)) < 11


@pytest.mark.realdata
def test_yuzhong_fits_into_a_page(yuzhong, tmp_path):
    outline = gpd.read_file(yuzhong / "subdistricts.geojson").union_all()
    people = gpd.GeoDataFrame(
        {"name": ["渝中区"], "population": [588_717]}, geometry=[outline], crs="EPSG:4326"
    )
    people.to_file(tmp_path / "people.geojson")
    cache = shutil.copytree(yuzhong / "osmnx-cache", tmp_path / "cache")
    study = load_study(
        "yuzhong", facilities__file=yuzhong / "facilities-standin.csv",
        network__file=yuzhong / "yuzhong-260426.osm.pbf", network__osm_cache=cache,
        elevation__file=yuzhong / "dem-srtm30-utm48n.tif",
        areas__file=yuzhong / "subdistricts.geojson", ground__water=yuzhong / "water.geojson",
        population__file=tmp_path / "people.geojson", population__elderly_share=0.24,
    )  # fmt: skip
    result = pipeline.run(study)
    block = payload_of(result)
    assert base64_mb(block) < 1.6
    meta, s = unpack(block)
    assert len(result.inputs.buildings) == 2_041
    assert "water.rings" in s
    assert s["home.elderly"].sum() == pytest.approx(result.summary["people"]["elderly"])
    assert (s["home.rings"] > 0).mean() > 0.95
    assert "station" in {place["kind"] for place in meta["places"]}
    assert json.dumps(meta, allow_nan=False)


def test_nothing_on_the_ground_is_no_trouble():
    result = town()
    inputs = dataclasses.replace(
        result.inputs, ground=no_ground(CRS), buildings=result.inputs.buildings.iloc[:0]
    )
    meta, s = unpack(payload_of(dataclasses.replace(result, inputs=inputs)))
    assert meta["places"] == []
    assert not any(name.startswith(("water", "building.", "home.vx")) for name in s)

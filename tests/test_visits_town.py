"""`care-circle visits` on a town solved by hand, its streets from a file and from Overpass."""

import json
import math

import geopandas as gpd
import numpy as np
import osmnx as ox
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from pandas.testing import assert_frame_equal
from pyproj import Transformer

from conftest import CRS, ORIGIN
from coverage.cli import main
from coverage.errors import DownloadError, Findings, InputError
from coverage.inputs.osm import download_drivable
from coverage.inputs.osm_file import read_drivable
from coverage.outputs.warning_words import warning_zh
from street_town import STUDY

# pytest finds a fixture by its name in this module, which looks like an import that nobody uses; and
# the argument that asks for it looks like the name given anew.
from test_osm_download import Server, server  # noqa: F401

TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
STREET = [600 * step for step in range(11)]
HOMES = {600: 8, 3000: 10, 6000: 5}
"""Metres along the street, and elderly people."""


def lon_lat(x, y=0.0):
    return TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y)


@pytest.fixture
def town(tmp_path):
    r"""One centre, three homes, one residential street: 30 km/h x 0.6 = 5 m/s, walked at 1.3 m/s.

        C                                     m      0     600    3000     6000
        0--8---------10--------------5        car min   2+2=4  2+10=12  2+20=22
                                              foot min    7.7     38.5     76.9

    The senior walks 600 m in 11.1 minutes, so that home is covered and the other two are not.
    """
    ways = '<way id="1" version="1">{}<tag k="highway" v="residential"/></way>'
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>'
        for n, (lon, lat) in enumerate(map(lon_lat, STREET), start=1)
    )
    refs = "".join(f'<nd ref="{n}"/>' for n in range(1, len(STREET) + 1))
    (tmp_path / "streets.osm").write_text(
        f'<osm version="0.6">{nodes}{ways.format(refs)}</osm>', encoding="utf-8"
    )
    box = shapely.Polygon([lon_lat(x, y) for x, y in
                           [(-90, -90), (6090, -90), (6090, 90), (-90, 90)]])  # fmt: skip
    gpd.GeoSeries([box], crs=4326).to_file(tmp_path / "boundary.geojson")
    lon, lat = lon_lat(0)
    (tmp_path / "facilities.csv").write_text(
        f"id,name,tier,lon,lat\nC,Centre,street,{lon:.7f},{lat:.7f}\n", encoding="utf-8"
    )
    rows = "".join("{:.7f},{:.7f},{},{}\n".format(*lon_lat(x), n, n) for x, n in HOMES.items())
    (tmp_path / "homes.csv").write_text(f"lon,lat,population,elderly\n{rows}", encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY + '[visits]\ntiers = ["street"]\n', encoding="utf-8")
    return tmp_path


@pytest.fixture
def visits(town, monkeypatch):
    """Run the command in the town's folder and return what it says and its two tables."""
    monkeypatch.chdir(town)
    monkeypatch.setenv("COLUMNS", "200")

    def visits(*words):
        done = CliRunner().invoke(main, ["visits", "study.toml", "--out", "out", *words])
        if done.exit_code:
            return done, None, None
        tables = [pd.read_csv(town / f"out/{name}.csv") for name in ("visits", "visits_areas")]
        return done, *(table.set_index("by") for table in tables)

    return visits


def test_the_town_by_hand(visits):
    done, facilities, areas = visits()
    assert done.exit_code == 0, done.output
    assert areas["area"].tolist() == ["total", "total"]
    assert areas.loc["foot", ["elderly", "in_reach", "beyond"]].tolist() == [15, 0, 15]
    assert areas.loc["car", ["elderly", "in_reach", "beyond"]].tolist() == [15, 10, 5]
    car = facilities.loc["car"]
    assert car[["facility", "name", "tier"]].tolist() == ["C", "Centre", "street"]
    # Of 240 minutes 24 are on the way: seven visits of 30 min, so ten people take two rounds.
    assert car[["homes", "elderly", "visited", "left_out", "rounds"]].tolist() == [1, 10, 10, 0, 2]
    assert car["visits_per_round"] == 5
    assert car["travel_min"] == pytest.approx(24, abs=1e-3)
    assert facilities.loc["foot", "rounds"] == 0
    assert "car 驾车: 10 of 15 in reach, 5 beyond; one visit of 30 min" in done.output
    assert "= 2 rounds of 4 h" in done.output


def test_everybody_by_hand(visits):
    _, facilities, areas = visits("--who", "all")
    assert areas["in_reach"].tolist() == [8, 18]
    assert facilities["homes"].tolist() == [1, 2]
    # On foot 15.4 of 240 minutes are on the way: seven visits, and one more round for the eighth.
    assert facilities.loc["foot", ["rounds", "visits_per_round"]].tolist() == [2, 4]
    assert facilities.loc["foot", "travel_min"] == pytest.approx(2 * 600 / 1.3 / 60, abs=1e-3)


@pytest.mark.parametrize(
    ("minutes", "in_reach"), [(11.99, 0), (12.01, 10), (21.99, 10), (22.01, 15)]
)
def test_the_limit_is_where_the_drive_ends(visits, minutes, in_reach):
    _, _, areas = visits("--minutes", str(minutes), "--by", "car")
    assert areas["in_reach"].tolist() == [in_reach]


def test_a_round_that_is_too_short_leaves_people_out(visits):
    done, facilities, areas = visits("--round-hours", "0.8", "--by", "car")
    assert areas["in_reach"].tolist() == [10]
    assert facilities.loc["car", ["visited", "left_out", "rounds"]].tolist() == [0, 10, 0]
    assert "with no way back in time for any round: 10 people" in done.output


def test_without_a_table_of_visits_its_defaults_count(town, visits):
    text = (town / "study.toml").read_text(encoding="utf-8")
    (town / "study.toml").write_text(text[: text.index("[visits]")], encoding="utf-8")
    _, facilities, areas = visits()
    assert areas["in_reach"].tolist() == [0, 10]
    assert facilities["facility"].tolist() == ["C", "C"]


def test_nobody_to_visit_is_said_and_no_fault(town, visits):
    (town / "homes.csv").write_text(
        "lon,lat,population,elderly\n{:.7f},{:.7f},9,9\n".format(*lon_lat(600)), encoding="utf-8"
    )
    done, facilities, areas = visits()
    assert done.exit_code == 0
    assert "Nobody is to be visited: everybody can walk to these tiers in time." in done.output
    assert areas["elderly"].tolist() == [0, 0]
    assert math.isnan(areas.loc["car", "share_in_reach"])
    assert facilities["rounds"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--minutes", "0"], "visits.minutes"),
        (["--minutes", "-5"], "visits.minutes"),
        (["--minutes", "nan"], "visits.minutes"),
        (["--by", "boat"], "visits.by"),
        (["--by", ""], "visits.by"),
        (["--tiers", "village"], "visits.tiers"),
        (["--tiers", "district"], "No facility of the tiers district"),
        (["--visit-min", "0"], "visits.visit_min"),
        (["--round-hours", "30"], "visits.round_hours"),
        (["--population", "nowhere.csv"], "nowhere.csv"),
        (["--who", "nobody"], "--who"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_written(town, visits, words, said):
    done, *_ = visits(*words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output
    assert not (town / "out" / "visits.csv").exists()


def test_a_study_that_knows_no_people(town, visits):
    text = (town / "study.toml").read_text(encoding="utf-8")
    (town / "study.toml").write_text(
        text.replace('[population]\nfile = "homes.csv"', ""), encoding="utf-8"
    )
    done, *_ = visits()
    assert done.exit_code == 2
    assert "does not say where old people live" in done.output


def test_a_file_without_streets_for_cars(town, visits):
    text = (town / "streets.osm").read_text(encoding="utf-8")
    (town / "streets.osm").write_text(text.replace("residential", "footway"), encoding="utf-8")
    done, *_ = visits()
    assert done.exit_code == 2
    assert "holds no street that a car may use" in done.output
    assert "leave 'car' out of [visits] by" in done.output
    done, _, areas = visits("--by", "foot", "--minutes", "40")
    assert areas["in_reach"].tolist() == [10]


def test_streets_for_cars_that_are_elsewhere(town, visits):
    text = (town / "streets.osm").read_text(encoding="utf-8").replace("residential", "footway")
    far = "".join(
        '<node id="{}" version="1" lon="{:.7f}" lat="{:.7f}"/>'.format(n, *lon_lat(90_000 + n))
        for n in (900, 1900)
    )
    way = '<way id="9" version="1"><nd ref="900"/><nd ref="1900"/><tag k="highway" v="primary"/></way>'
    text = text.replace("<way", far + "<way", 1).replace("</osm>", f"{way}</osm>")
    (town / "streets.osm").write_text(text, encoding="utf-8")
    done, *_ = visits()
    assert done.exit_code == 2
    assert "streets to drive: none of them lies in the study area or near it" in done.output


def test_streets_on_which_no_car_may_stop(town, visits):
    """A motorway, and a footway beside it: whoever drives reaches nobody."""
    text = (town / "streets.osm").read_text(encoding="utf-8")
    refs = "".join(f'<nd ref="{n}"/>' for n in range(1, len(STREET) + 1))
    way = f'<way id="2" version="1">{refs}<tag k="highway" v="footway"/></way>'
    text = text.replace("residential", "motorway").replace("</osm>", f"{way}</osm>")
    (town / "streets.osm").write_text(text, encoding="utf-8")
    done, _, areas = visits()
    assert done.exit_code == 0, done.output
    assert areas.loc["car", ["in_reach", "not_snapped"]].tolist() == [0, 15]


# ---- streets from Overpass ----


def overpass(*ways):
    """Return an answer with the town's nodes, and ways of (refs, tags)."""
    nodes = [
        {"type": "node", "id": n, "lon": round(lon, 7), "lat": round(lat, 7)}
        for n, (lon, lat) in enumerate(map(lon_lat, STREET), start=1)
    ]
    ways = [
        {"type": "way", "id": number, "nodes": refs, "tags": tags}
        for number, (refs, tags) in enumerate(ways, start=1)
    ]
    about = {"version": 0.6, "osm3s": {"timestamp_osm_base": "2026-01-02T03:04:05Z"}}
    return json.dumps({**about, "elements": nodes + ways}).encode()


STREET_WAY = (list(range(1, len(STREET) + 1)), {"highway": "residential"})


# The name again is the fixture's: see its import.
def test_downloaded_streets_give_the_same_visits(town, visits, server: Server):  # noqa: F811
    _, facilities, areas = visits()
    text = (town / "study.toml").read_text(encoding="utf-8")
    (town / "study.toml").write_text(text.replace('file = "streets.osm"', ""), encoding="utf-8")
    (town / "streets.osm").unlink()
    nothing = json.dumps({"version": 0.6, "elements": []}).encode()
    server.answers = [(200, overpass(STREET_WAY)), (200, nothing), (200, overpass(STREET_WAY))]
    done, by_facility, by_area = visits()
    assert done.exit_code == 0, done.output
    assert_frame_equal(by_facility, facilities)
    assert_frame_equal(by_area, areas)
    # A car's question is for its own classes, and farther out than the walking streets'.
    walking, _, driving = server.bodies
    assert '["highway"~"^(motorway|motorway_link|trunk' in driving
    assert '["highway"]' in walking
    assert len(list((town / "osm-cache" / "drive").glob("*.json"))) == 1
    # Recorded responses need no server, with what was computed kept or not.
    server.answers = [(500, b"")]
    done, again, _ = visits()
    assert done.exit_code == 0, done.output
    assert_frame_equal(again, facilities)
    assert len(server.bodies) == 3


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ((400, b"<html>bad query</html>"), 1, "Overpass answered wrongly: 400"),
        ((200, b"<html>captive portal</html>"), 1, "something that is not data"),
        ((200, b'{"elements": []}'), 2, "no street that a car may use"),
        ((200, overpass((STREET_WAY[0], {"highway": "residential", "motor_vehicle": "no"}))), 2,
         "no street that a car may use"),
    ],
)  # fmt: skip
def test_a_server_that_has_no_streets_for_cars(town, visits, server: Server, answer, code, said):  # noqa: F811
    text = (town / "study.toml").read_text(encoding="utf-8")
    (town / "study.toml").write_text(text.replace('file = "streets.osm"', ""), encoding="utf-8")
    nothing = json.dumps({"version": 0.6, "elements": []}).encode()
    server.answers = [(200, overpass(STREET_WAY)), (200, nothing), answer]
    done, *_ = visits()
    assert done.exit_code == code, done.output
    assert said in done.output
    assert "leave 'car' out of [visits] by" in done.output
    # What is no data is not recorded as if it were.
    server.answers = [(200, overpass(STREET_WAY))]
    if code == 1:
        assert visits()[0].exit_code == 0


def test_no_server_for_the_streets_to_drive(town, tmp_path, monkeypatch):
    monkeypatch.setattr(ox.settings, "overpass_url", "http://127.0.0.1:9/api")
    with pytest.raises(DownloadError, match="Overpass cannot be reached"):
        download_drivable(shapely.box(106, 29, 106.1, 29.1), cache=tmp_path / "c", retry_waits_s=())


def test_one_way_streets_are_the_same_from_file_and_server(tmp_path, server: Server):  # noqa: F811
    """Each value of the tag, on ways drawn in either direction, and what a car may not use."""
    ways = [
        ([1, 2], {"highway": "primary", "oneway": "yes"}),
        ([3, 2], {"highway": "primary", "oneway": "-1"}),
        ([4, 3], {"highway": "secondary", "oneway": "reverse"}),
        ([4, 5], {"highway": "secondary", "oneway": "no", "maxspeed": "20"}),
        ([5, 6, 7, 5], {"highway": "tertiary", "junction": "roundabout"}),
        ([7, 8], {"highway": "motorway"}),
        ([9, 8], {"highway": "motorway", "oneway": "-1"}),
        ([9, 10], {"highway": "service", "oneway": "T"}),
        ([10, 11], {"highway": "primary", "oneway": "reversible"}),
        ([10, 11], {"highway": "footway"}),
        ([11, 10], {"highway": "trunk", "oneway": "yes", "oneway:motor_vehicle": "no"}),
    ]
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>'
        for n, (lon, lat) in enumerate(map(lon_lat, STREET), start=1)
    )
    drawn = "".join(
        f'<way id="{number}" version="1">'
        + "".join(f'<nd ref="{ref}"/>' for ref in refs)
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        + "</way>"
        for number, (refs, tags) in enumerate(ways, start=1)
    )
    (tmp_path / "s.osm").write_text(f'<osm version="0.6">{nodes}{drawn}</osm>', encoding="utf-8")
    read = read_drivable(tmp_path / "s.osm", findings=Findings())
    server.answers = [(200, overpass(*ways))]
    area = shapely.box(*lon_lat(-500, -500), *lon_lat(6500, 500))
    got = download_drivable(area, cache=tmp_path / "cache")
    assert read.ways.index.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 11]
    assert_frame_equal(got.ways, read.ways)
    for name in ("node_id", "lon_lat"):
        np.testing.assert_array_equal(getattr(got, name), getattr(read, name))
    assert _segments(got) == _segments(read)
    assert read.ways["against"].tolist() == [
        False,
        True,
        True,
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    # The walking streets are asked with OSMnx's own setting, as before.
    assert ox.settings.all_oneway is False


def _segments(streets):
    ends = zip(streets.tail.tolist(), streets.head.tolist(), strict=True)
    return sorted(zip(streets.way.tolist(), ends, strict=True))


def test_no_streets_for_cars_in_the_answer(tmp_path, server: Server):  # noqa: F811
    server.answers = [(200, overpass(([1, 2], {"highway": "service", "access": "no"})))]
    with pytest.raises(InputError, match="no street that a car may use"):
        download_drivable(
            shapely.box(*lon_lat(-500, -500), *lon_lat(6500, 500)), cache=tmp_path / "cache"
        )


def test_what_a_visit_cannot_do_is_told_in_chinese():
    said = "visits: No facility of the tiers community, street is in the study area or near it, so."
    assert warning_zh(said) == (
        "上门服务：研究区及附近没有社区养老服务站、街道养老服务中心，无人可派；"
        "请在 [visits] tiers 中写明现有层级"
    )


@pytest.mark.realdata
def test_real_ways_are_driven_alike_from_server_and_file(yuzhong, server: Server, tmp_path):  # noqa: F811
    """The recorded body of the walking question holds roads as well: those of the extract."""
    body = next(
        file.read_bytes()
        for file in sorted((yuzhong / "osmnx-cache").glob("*.json"))
        if b"osm3s" in file.read_bytes()
    )
    server.answers = [(200, body)]
    area = shapely.box(106.54, 29.54, 106.57, 29.57)
    got = download_drivable(area, cache=tmp_path)
    read = read_drivable(yuzhong / "yuzhong-260426.osm.pbf", findings=Findings())
    both = got.ways.index.intersection(read.ways.index)
    assert len(both) == len(got.ways) > 300
    columns = ["highway", "oneway", "maxspeed", "speed_kmh", "along", "against"]
    assert_frame_equal(got.ways.loc[both, columns], read.ways.loc[both, columns])
    assert 30 < (~got.ways["against"]).sum() < len(got.ways)
    arcs = [set(zip(s.node_id[s.tail].tolist(), s.node_id[s.head].tolist(), strict=True))
            for s in (got, read)]  # fmt: skip
    assert arcs[0] <= arcs[1]


def test_people_who_all_live_elsewhere(town, visits):
    (town / "homes.csv").write_text(
        "lon,lat,population,elderly\n{:.7f},{:.7f},9,9\n".format(*lon_lat(90_000)),
        encoding="utf-8",
    )
    done, _, areas = visits("--who", "all")
    assert done.exit_code == 0, done.output
    assert "Nobody is to be visited: no elderly people live here." in done.output
    assert areas["elderly"].tolist() == [0, 0]


def test_a_centre_far_from_any_road_sends_nobody(town, visits):
    lon, lat = lon_lat(0, 80)
    (town / "facilities.csv").write_text(
        f"id,name,tier,lon,lat\nC,Centre,street,{lon:.7f},{lat:.7f}\n", encoding="utf-8"
    )
    text = (town / "study.toml").read_text(encoding="utf-8")
    (town / "study.toml").write_text(
        text.replace('datum = "wgs84"', 'datum = "wgs84"\nsnap_limit_m = 50'), encoding="utf-8"
    )
    done, facilities, areas = visits()
    assert done.exit_code == 0, done.output
    assert areas["beyond"].tolist() == [23, 23]
    assert facilities["rounds"].tolist() == [0, 0]


def test_a_whole_run_of_the_town_shows_visits_in_every_output(town, monkeypatch):
    monkeypatch.chdir(town)
    done = CliRunner().invoke(main, ["run", "study.toml", "--out", "out"])
    assert done.exit_code == 0, done.output
    assert "car 驾车: 10 of 15 in reach, 5 beyond" in done.output
    said = json.loads((town / "out/summary.json").read_text(encoding="utf-8"))["visits"]
    assert (said["homes"], said["elderly"], said["elderly_beyond_every_way"]) == (2, 15, 5)
    assert said["foot"]["elderly_in_reach"] == 0
    assert (said["car"]["rounds"], said["car"]["visits_per_round"]) == (2, 5)
    layer = gpd.read_file(town / "out/coverage.gpkg", layer="visits")
    assert layer["to_visit"].tolist() == [10, 5]
    assert layer["reach"].tolist() == ["car", "beyond"]
    assert layer["from_car"].tolist() == ["C", ""]
    assert layer["minutes_car"].iloc[0] == pytest.approx(12, abs=1e-3)
    assert math.isnan(layer["minutes_car"].iloc[1])
    report = (town / "out/report.html").read_text(encoding="utf-8")
    assert "驾车可到 10 名" in report
    assert "5 名哪种方式都到不了" in report

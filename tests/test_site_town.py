"""`care-circle site` on a street solved by hand: every goal, every limit, and what cannot be."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from pyproj import Transformer

from conftest import CRS, ORIGIN
from coverage.cli import main
from street_town import STUDY

TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
HOMES = {0: 12, 600: 20, 1200: 10, 3000: 30, 3600: 16, 6000: 5}
"""Metres along the street, and elderly people: 93."""
CANDIDATES = {
    "A": (900, 100_000, 15), "B": (3300, 300_000, 20), "D": (3000, 200_000, 40),
    "E": (1800, 50_000, ""),
}  # fmt: skip
"""Metres along the street, CNY, places."""
RIVER = (3000, 1500)


def lon_lat(x, y=0.0):
    return TO_DEGREES.transform(ORIGIN[0] + x, ORIGIN[1] + y)


def write_homes(folder, homes):
    rows = "".join("{:.7f},{:.7f},{},{}\n".format(*lon_lat(x), n, n) for x, n in homes.items())
    (folder / "homes.csv").write_text(f"lon,lat,population,elderly\n{rows}", encoding="utf-8")


def premises(folder, sites, header="id,name,lon,lat,cost_cny,capacity"):
    """Write a list of candidates; positions are metres along the street, or x and y."""
    lines = [header]
    for name, (x, cost, places) in sites.items():
        lon, lat = lon_lat(*x) if isinstance(x, tuple) else lon_lat(x)
        lines.append(f"{name},{name},{lon:.7f},{lat:.7f},{cost},{places}")
    (folder / "premises.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def town(tmp_path):
    r"""One street of 6 km, one station F with 10 places, walked at 0.9 m/s: 810 m in 15 minutes.

        F        A         E                   D    B                              m: below
        0--------o----o----+----...------------o----+----o------------------------o
        12   20       10                       30        16                       5
        0   600  900 1200 1800               3000 3300 3600                     6000

    F covers the first two homes (32 people); nobody reaches the last in time.
    """
    street = range(0, 6001, 300)
    nodes = "".join(
        f'<node id="{n}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>'
        for n, (lon, lat) in enumerate(map(lon_lat, street), start=1)
    )
    lon, lat = lon_lat(3300, 5)
    shop = (
        f'<node id="100" version="1" lon="{lon:.7f}" lat="{lat:.7f}"><tag k="shop" v="vacant"/>'
        '<tag k="name" v="空铺"/></node>'
    )
    refs = "".join(f'<nd ref="{n}"/>' for n in range(1, len(street) + 1))
    (tmp_path / "streets.osm").write_text(
        f'<osm version="0.6">{nodes}{shop}<way id="1" version="1">{refs}'
        '<tag k="highway" v="residential"/></way></osm>',
        encoding="utf-8",
    )
    corners = [(-90, -90), (6090, -90), (6090, 90), (-90, 90)]
    box = shapely.Polygon([lon_lat(x, y) for x, y in corners])
    gpd.GeoSeries([box], crs=4326).to_file(tmp_path / "boundary.geojson")
    lon, lat = lon_lat(0)
    (tmp_path / "facilities.csv").write_text(
        f"id,name,tier,lon,lat,capacity\nF,Station,community,{lon:.7f},{lat:.7f},10\n",
        encoding="utf-8",
    )
    write_homes(tmp_path, HOMES)
    premises(tmp_path, CANDIDATES)
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def site(town, monkeypatch):
    """Run the command in the town's folder; return what it says, and its table."""
    monkeypatch.chdir(town)
    monkeypatch.setenv("COLUMNS", "200")

    def site(*words, listed=True):
        given = ["--candidates", "premises.csv"] if listed else []
        done = CliRunner().invoke(main, ["site", "study.toml", "--out", "out", *given, *words])
        if done.exit_code:
            return done, None
        return done, pd.read_csv(town / "out/proposals.csv").set_index("candidate")

    return site


@pytest.fixture
def refused(site):
    """Run the command and return what it says when it refuses, in one line of single spaces."""

    def refused(*words, listed=True):
        done, _ = site(*words, listed=listed)
        assert done.exit_code == 2, done.output
        assert isinstance(done.exception, SystemExit), done.exception
        said = " ".join(done.output.split())
        assert "Traceback" not in said
        return said

    return refused


def test_coverage_by_hand(site):
    done, table = site("--p", "2")
    # B and D cover the same two homes, D for less; then A and E the same one, E for less.
    assert list(table.index) == ["D", "E"]
    assert table["elderly_gained"].tolist() == [46, 10]
    assert table["elderly_total"].tolist() == [78, 88]
    assert "elderly covered 32 → 88; one by one (greedy) 88; optimal, gap 0.00%" in done.output
    assert "5 cannot be covered by any candidate" in done.output


@pytest.mark.parametrize(
    ("budget", "chosen", "covered"), [("120000", ["E"], 42), ("249999", ["D"], 78),
                                      ("250000", ["D", "E"], 88)],
)  # fmt: skip
def test_a_budget_by_hand(site, budget, chosen, covered):
    _, table = site("--budget", budget)
    assert list(table.index) == chosen
    assert table["elderly_total"].iloc[-1] == covered


def test_full_by_hand(site):
    done, table = site("--objective", "full")
    assert list(table.index) == ["D", "E"]
    assert "fewest facilities 2; one by one (greedy) 2" in done.output
    assert "5 cannot be covered by any candidate" in done.output


def test_median_by_hand(site):
    done, table = site("--objective", "median", "--p", "1")
    # 20 x 11.1 + 10 x 22.2 + 30 x 0 + 16 x 11.1 + 5 x 55.6 = 900 person-minutes.
    assert list(table.index) == ["D"]
    assert f"mean walk {900 / 93:.2f} min" in done.output


def test_center_by_hand(site):
    done, table = site("--objective", "center", "--p", "1")
    # The last home is 2,700 m from B and 3,000 m from D.
    assert list(table.index) == ["B"]
    assert "longest walk 50.0 min; one by one (greedy) 50.0 min" in done.output


def test_room_is_counted_when_asked_for(site):
    done, table = site("--p", "2", "--capacity")
    # F holds 10 of 32, D 40 of 46, A 15 of those whom F has no place for and of home 1200.
    assert list(table.index) == ["D", "A"]
    assert table["elderly_gained"].tolist() == pytest.approx([40, 15])
    assert "elderly covered 10 → 65" in done.output
    assert "room is counted, 1 elderly person a place" in done.output


def test_room_in_every_other_goal(site):
    done, table = site("--objective", "full", "--capacity", "--people-per-place", "2")
    # F holds 20 and A 30 of the first 42; E, for all of home 1200, would leave two of home 600.
    assert sorted(table.index) == ["A", "D"]
    assert "fewest facilities 2" in done.output
    done, table = site("--objective", "center", "--capacity", "--p", "2")
    # Only E has room for all; B is nearest to the last home.
    assert sorted(table.index) == ["B", "E"]
    assert "longest walk 50.0 min" in done.output
    done, table = site("--objective", "median", "--capacity", "--p", "1")
    # E has room for all of homes 600 to 3600 whom F has none for, 33.3 minutes and less away.
    assert list(table.index) == ["E"]


def test_spacing_and_excluded_areas_are_kept(site, town):
    _, table = site("--p", "3", "--capacity", "--spacing", "1000")
    # A stands 900 m from F, and B 300 m from D.
    assert list(table.index) == ["D", "E"]
    around = shapely.Polygon(
        [lon_lat(2900, -50), lon_lat(3100, -50), lon_lat(3100, 50), lon_lat(2900, 50)]
    )
    gpd.GeoSeries([around], crs=4326).to_file(town / "no.geojson")
    done, table = site("--p", "1", "--exclude", "no.geojson")
    assert list(table.index) == ["B"]
    assert "not usable D: stands in an excluded area" in done.output


def test_premises_of_openstreetmap(site):
    _, table = site("--p", "1", "--from-osm", listed=False)
    assert table.loc["node/100", ["name", "source", "elderly_gained"]].tolist() == [
        "空铺", "osm", 46,
    ]  # fmt: skip


def test_what_cannot_be_used_is_listed(site, town):
    premises(town, {**CANDIDATES, "R": (RIVER, 1, 1)})
    done, table = site("--p", "1")
    assert list(table.index) == ["D"]
    assert "not usable R: no street that can be used within 300 m" in done.output
    wrong = pd.read_csv(town / "out/candidates_not_usable.csv")
    assert wrong.values.tolist() == [["R", "no street that can be used within 300 m"]]


def test_one_candidate_needs_no_number(site, town):
    premises(town, {"D": CANDIDATES["D"]})
    _, table = site()
    assert list(table.index) == ["D"]


def test_all_that_is_wrong_with_a_list_is_told_at_once(refused, town):
    premises(town, {"A": (900, "nan", -15), "B": (3300, -3, "many"), "D": (3000, 1, 1)})
    said = refused("--p", "1")
    for cell in ("row 2, column cost_cny: 'nan'", "row 2, column capacity: is negative",
                 "row 3, column cost_cny: is negative", "row 3, column capacity: 'many'"):  # fmt: skip
        assert cell in said
    premises(town, {"A": (900, 1, 1), "B": (900, 1, 1), "R": (RIVER, 1, 1)})
    said = refused("--p", "1")
    assert "candidates A and B: stand at one place" in said
    assert "candidate R: no street that can be used within 300 m" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--p", "0", "--budget", "0"], ["siting.p", "siting.budget_cny", "greater than"]),
        (["--p", "9"], ["p is 9, and only 4 candidates can be used. Give 4 or less"]),
        (["--p", "9", "--budget", "10"], ["p is 9", "The cheapest candidate costs 50,000"]),
        (["--objective", "full", "--p", "1"], ["full coverage finds the fewest sites itself"]),
        (["--objective", "full", "--capacity"], ["room for 81 of the 88 people"]),
        (["--objective", "center", "--capacity", "--p", "1"], ["no choice can give everybody"]),
        (["--spacing", "9000", "--p", "1"], ["no candidate helps anybody", "less spacing"]),
        (["--people-per-place", "0"], ["siting.people_per_place"]),
        (["--budget", "nan"], ["siting.budget_cny"]),
        (["--tier", "circle", "--p", "1"], ["no choice within the limits helps anybody"]),
    ],
)
def test_what_cannot_be_chosen_says_why(refused, words, told):
    said = refused(*words)
    for part in told:
        assert part in said


def test_candidates_that_cannot_help_say_why(refused, town):
    premises(town, {"Z": (-60, 1, 1)})
    assert "no candidate helps anybody who is not served already" in refused("--p", "1")
    assert "no candidate shortens the longest walk" in refused(
        "--p", "1", "--objective", "center"
    )  # fmt: skip
    premises(town, {"R": (RIVER, 1, 1)})
    assert "none of them can be used (R: no street that can be used" in refused("--p", "1")
    premises(town, {})
    assert "has a header and no rows" in refused("--p", "1")
    premises(town, {"A": (900, "", ""), "D": (3000, "", "")})
    assert "No candidate says what it costs" in refused("--budget", "100")
    premises(town, {"A": (900, 1, 0)})
    assert "no candidate helps anybody" in refused("--p", "1", "--capacity")
    write_homes(town, {0: 12, 600: 20})
    assert "everybody is covered already" in refused("--p", "1")


def test_room_without_any_number_of_places_is_refused(refused, town):
    text = (town / "facilities.csv").read_text(encoding="utf-8").replace(",10\n", ",\n")
    (town / "facilities.csv").write_text(text, encoding="utf-8")
    premises(town, {"D": (3000, 1, "")})
    assert "Neither a facility nor a candidate says how many places" in refused("--capacity")


def test_a_refusal_leaves_earlier_proposals_whole(site, refused, town):
    site("--p", "1")
    before = (town / "out/proposals.csv").read_bytes()
    refused("--p", "9")
    assert (town / "out/proposals.csv").read_bytes() == before

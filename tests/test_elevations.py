"""Heights estimated on the network, where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.testing import assert_allclose

from conftest import CRS, ORIGIN, make_streets
from coverage.elevations import CLEARANCE_M, estimate_elevations
from coverage.errors import Findings
from coverage.inputs.elevation import open_elevation, surface_heights
from coverage.inputs.osm_file import read_streets
from coverage.network import project
from coverage.tags import inclines


def estimate(streets, surface, **options):
    """Estimate from a surface given as a function of x and y, metres."""
    xy = project(streets.lon_lat, CRS)
    heights = np.array([surface(x - ORIGIN[0], y - ORIGIN[1]) for x, y in xy], dtype=float)
    found = estimate_elevations(streets, xy, heights, **options)
    return dict(zip(streets.node_id.tolist(), found.z.tolist(), strict=True)), found


def chain(first, xs, y=0.0):
    return {first + n: (x, y) for n, x in enumerate(xs)}


def test_a_road_on_an_even_slope_keeps_it():
    """3 % over a kilometre, without noise: the estimate is the ground, less what stiffness takes."""
    nodes = chain(1, range(0, 1001, 50))
    streets = make_streets(nodes, [(7, sorted(nodes), {"highway": "residential"})])
    z, _ = estimate(streets, lambda x, y: 200 + 0.03 * x)
    assert_allclose(z[21] - z[1], 30, atol=3)


def test_a_tower_beside_the_road_does_not_lift_it():
    """The raster has a tower of 60 m over two nodes of a level primary road."""
    nodes = chain(1, range(0, 1001, 50))
    streets = make_streets(nodes, [(7, sorted(nodes), {"highway": "primary"})])
    z, found = estimate(streets, lambda x, y: 260.0 if 470 < x < 580 else 200.0)
    heights = np.array(list(z.values()))
    assert np.abs(np.diff(heights) / 50).max() < 0.08
    assert heights.max() < 210
    assert np.nanmin(found.residual_m) < -50


@pytest.mark.parametrize("tag", ["bridge", "tunnel"])
def test_a_bridge_over_a_valley_and_a_tunnel_through_a_hill_are_flat(tag):
    """60 m below, or above, between ends of equal height; the raster sees only the ground."""
    depth = -60 if tag == "bridge" else 60
    left, deck, right = chain(1, range(-600, 1, 50)), chain(14, [60, 120, 180, 240]), chain(
        18, range(300, 901, 50))  # fmt: skip
    nodes = {**left, **deck, **right}
    layer = "1" if tag == "bridge" else "-1"
    streets = make_streets(
        nodes,
        [(1, sorted(left), {"highway": "secondary"}),
         (2, [13, 14, 15, 16, 17, 18], {"highway": "secondary", tag: "yes", "layer": layer}),
         (3, sorted(right), {"highway": "secondary"})],
    )  # fmt: skip
    z, _ = estimate(streets, lambda x, y: 200.0 + (depth if 20 < x < 280 else 0.0))
    heights = np.array([z[n] for n in range(13, 19)])
    assert_allclose(heights, 200, atol=2)
    assert np.abs(np.diff(heights)).max() / 60 < 0.01


def test_a_stair_to_a_footbridge_goes_up_to_the_footbridge():
    r"""The raster is level: what is up, the layers tell. A deck is 5 m above the road it crosses.

    3 ==steps== 4 --bridge-- 5 ==steps== 6      over the road 1 - 2
    """
    nodes = {1: (0, -300), 2: (0, 300), 3: (-60, 0), 4: (-30, 0), 5: (30, 0), 6: (60, 0),
             7: (-60, -100), 8: (60, -100)}  # fmt: skip
    streets = make_streets(
        nodes,
        [(1, [1, 2], {"highway": "trunk", "foot": "no"}),
         (2, [3, 4], {"highway": "steps"}),
         (3, [4, 5], {"highway": "footway", "bridge": "yes", "layer": "1"}),
         (4, [5, 6], {"highway": "steps"}), (5, [7, 3], {"highway": "footway"}),
         (6, [6, 8], {"highway": "footway"})],
    )  # fmt: skip
    z, found = estimate(streets, lambda x, y: 200.0)
    assert found.crossings == found.clear_crossings == 1
    deck, road = (z[4] + z[5]) / 2, (z[1] + z[2]) / 2
    assert deck - road == pytest.approx(CLEARANCE_M, abs=0.6)
    assert z[4] - z[3] > 2
    assert z[5] - z[6] > 2


def test_tags_say_what_the_raster_cannot():
    nodes = chain(1, [0, 100, 130, 230])
    ways = [(1, [1, 2], {"highway": "path"}), (3, [3, 4], {"highway": "path"})]
    up = make_streets(nodes, [*ways, (2, [2, 3], {"highway": "steps", "incline": "up"})])
    down = make_streets(nodes, [*ways, (2, [2, 3], {"highway": "steps", "incline": "down"})])
    level = {"surface": lambda x, y: 200.0}
    z_up, z_down = estimate(up, **level)[0], estimate(down, **level)[0]
    assert z_up[3] - z_up[2] > 2
    assert z_down[3] - z_down[2] < -2
    held_out = np.zeros(len(up.ways), dtype=bool)
    z, _ = estimate(up, **level, use_incline=held_out)
    assert z[3] == pytest.approx(z[2], abs=1e-6)


def test_node_ids_and_the_order_of_segments_do_not_matter():
    """A stair drawn through nodes whose ids go up and down, and its rows turned around."""
    nodes = {9: (0, 0), 5: (10, 0), 1: (20, 0), 7: (30, 0), 2: (130, 0), 8: (-100, 0)}
    streets = make_streets(
        nodes,
        [(1, [8, 9], {"highway": "path"}), (3, [7, 2], {"highway": "path"}),
         (2, [9, 5, 1, 7], {"highway": "steps", "incline": "up", "step_count": "100"})],
    )  # fmt: skip
    z, _ = estimate(streets, lambda x, y: 200.0)
    assert z[9] < z[5] < z[1] < z[7]
    turned = replace(
        streets, tail=streets.tail[::-1], head=streets.head[::-1], way=streets.way[::-1]
    )
    again, _ = estimate(turned, lambda x, y: 200.0)
    assert_allclose(list(again.values()), list(z.values()), atol=1e-6)


def test_step_count_is_a_rise():
    nodes = chain(1, [0, 100, 130, 230])
    streets = make_streets(
        nodes,
        [(1, [1, 2], {"highway": "path"}), (3, [3, 4], {"highway": "path"}),
         (2, [2, 3], {"highway": "steps", "incline": "up", "step_count": "100"})],
    )  # fmt: skip
    z, _ = estimate(streets, lambda x, y: 200.0 + (15.0 if x > 115 else 0.0))
    assert z[3] - z[2] == pytest.approx(15, abs=1.5)


def test_outside_the_raster_heights_are_unknown_and_never_zero():
    nodes = chain(1, range(0, 501, 100))
    streets = make_streets(nodes, [(1, sorted(nodes), {"highway": "path"})])
    z, _ = estimate(streets, lambda x, y: 200.0 if x < 250 else float("nan"))
    assert np.isnan([z[n] for n in (4, 5, 6)]).all()
    assert_allclose([z[n] for n in (1, 2, 3)], 200, atol=0.1)


def test_no_height_anywhere():
    streets = make_streets({1: (0, 0), 2: (9, 0)}, [(1, [1, 2], {"highway": "path"})])
    _, found = estimate(streets, lambda x, y: float("nan"))
    assert np.isnan(found.z).all()


def test_a_bit_that_only_hangs_has_a_height():
    """A bridge without ground at either end: held loosely by the raster, not singular."""
    nodes = {**chain(1, [0, 50, 100]), 8: (0, 500), 9: (90, 500)}
    streets = make_streets(
        nodes, [(1, [1, 2, 3], {"highway": "footway", "bridge": "yes"}),
                (2, [8, 9], {"highway": "path"})],
    )  # fmt: skip
    z, _ = estimate(streets, lambda x, y: 210.0)
    assert_allclose(list(z.values()), 210, atol=0.5)


# ---- the raster ----


@pytest.mark.parametrize("crs", ["EPSG:32648", "EPSG:4326", "EPSG:3857"])
def test_a_plane_is_read_as_a_plane_from_any_coordinate_system(tmp_path, crs):
    """Smoothing and interpolating a plane gives the plane."""
    streets = make_streets(
        {1: (0, 0), 2: (400, 300), 3: (900, -500)}, [(1, [1, 2, 3], {"highway": "path"})]
    )
    center = project(streets.lon_lat, crs).mean(axis=0)
    cell = 0.0002 if crs == "EPSG:4326" else 25.0
    size = 241
    west, north = center[0] - cell * size / 2, center[1] + cell * size / 2
    columns, rows = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
    plane = 300 + 0.2 * columns - 0.4 * rows
    path = tmp_path / "plane.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=1, dtype="float64", crs=crs,
        transform=Affine(cell, 0, west, 0, -cell, north), nodata=-9999,
    ) as out:  # fmt: skip
        out.write(plane, 1)
    found = surface_heights(open_elevation(path, None), streets.lon_lat)
    xy = project(streets.lon_lat, crs)
    expected = 300 + 0.2 * (xy[:, 0] - west) / cell - 0.4 * (north - xy[:, 1]) / cell
    assert_allclose(found, expected, atol=1e-6)


def test_nodata_and_outside_are_unknown(tmp_path):
    path = tmp_path / "e.tif"
    values = np.full((40, 40), 200, dtype="int16")
    values[:, :20] = -32768
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=40, count=1, dtype="int16", crs=CRS,
        transform=Affine(30, 0, ORIGIN[0] - 600, 0, -30, ORIGIN[1] + 600), nodata=-32768,
    ) as out:  # fmt: skip
        out.write(values, 1)
    streets = make_streets(
        {1: (-300, 0), 2: (300, 0), 3: (9000, 0)}, [(1, [1, 2, 3], {"highway": "path"})]
    )
    found = surface_heights(open_elevation(path, None), streets.lon_lat)
    assert np.isnan(found).tolist() == [True, False, True]
    # What is known is not pulled towards nodata.
    assert found[1] == pytest.approx(200)


@pytest.fixture(scope="module")
def real_streets(yuzhong):
    """Yuzhong's streets, their places in metres and the smoothed SRTM surface there."""
    streets = read_streets(
        yuzhong / "yuzhong-260426.osm.pbf", rules="pedestrian", findings=Findings()
    )
    raster = open_elevation(yuzhong / "dem-srtm30-utm48n.tif", None)
    return streets, project(streets.lon_lat, CRS), surface_heights(raster, streets.lon_lat)


def right(streets, z):
    """Whether each stair tagged up or down rises as tagged, by way; only those inside the raster."""
    rise = np.bincount(streets.way, weights=z[streets.head] - z[streets.tail])
    sign, _, _ = inclines(streets.ways)
    stairs = (streets.ways["highway"] == "steps").to_numpy()
    judged = np.flatnonzero(np.isfinite(sign) & np.isfinite(rise) & stairs)
    return judged, (sign * rise > 0)[judged]


@pytest.mark.realdata
def test_stairs_go_up_where_their_tags_say_without_being_told(real_streets):
    """All incline tags held out: the direction of the 78 stairs inside the raster is found.

    Bilinear SRTM has 72 % of them right, a Gaussian of 30 m 76 %.
    """
    streets, xy, surface = real_streets
    nobody = np.zeros(len(streets.ways), dtype=bool)
    judged, found = right(streets, estimate_elevations(streets, xy, surface, use_incline=nobody).z)
    assert len(judged) == 78
    assert found.mean() >= 0.90
    assert right(streets, surface)[1].mean() < 0.80


@pytest.mark.realdata
def test_stairs_go_up_where_their_tags_say_cross_validated(real_streets):
    """Thirteen folds of six: each judged with its own tags held out and the others used."""
    streets, xy, surface = real_streets
    judged, _ = right(streets, surface)
    shuffled = np.random.default_rng(1).permutation(judged)
    hits = 0
    for fold in range(13):
        held_out = shuffled[fold::13]
        use = np.ones(len(streets.ways), dtype=bool)
        use[held_out] = False
        ways, found = right(streets, estimate_elevations(streets, xy, surface, use_incline=use).z)
        hits += int(found[np.isin(ways, held_out)].sum())
    assert hits / len(judged) >= 0.90

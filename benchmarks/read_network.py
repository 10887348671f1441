"""From an OpenStreetMap file to a timed walking network, beside the OSMnx recipe on the same ways.

    python benchmarks/read_network.py FILE.osm.pbf [--elevation DEM.tif] [--repeat N]

The rival is what an OSMnx user would write: `osmnx.graph_from_xml` on the same highway ways (XML is
the only form that OSMnx reads), made walkable both ways, with a travel time on every edge. Both run
in this process, in turn, and the medians and their ratio are printed.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import osmium
import osmnx as ox

from coverage.elevations import estimate_elevations
from coverage.errors import Findings
from coverage.inputs.elevation import open_elevation, surface_heights
from coverage.inputs.osm_file import read_streets
from coverage.lifts import split_lifts
from coverage.network import WalkingNetwork, build_network, project
from coverage.squares import cross_squares
from coverage.walkers import PACKAGED_WALKERS

CRS = "EPSG:32648"
SPEED_MPS = 0.9


def ours(pbf: Path, dem: Path | None) -> WalkingNetwork:
    """Read, estimate heights where a raster is given, and time for a senior."""
    streets = read_streets(pbf, rules="pedestrian", findings=Findings())
    streets = split_lifts(cross_squares(streets))
    z = None
    if dem is not None:
        surface = surface_heights(open_elevation(dem, None), streets.lon_lat)
        z = estimate_elevations(streets, project(streets.lon_lat, CRS), surface).z
    return build_network(streets, crs=CRS, walker=PACKAGED_WALKERS["senior"], z=z)


def osmnx_recipe(xml: Path):
    """Read with OSMnx and put a travel time on every edge."""
    graph = ox.graph_from_xml(xml, bidirectional=True, simplify=False, retain_all=True)
    for *_, edge in graph.edges(data=True):
        edge["seconds"] = edge["length"] / SPEED_MPS
    return graph


def highways_as_xml(pbf: Path, xml: Path) -> int:
    """Write the highway ways and their nodes as XML for the rival; return the number of ways."""
    ways = 0
    with osmium.BackReferenceWriter(str(xml), ref_src=str(pbf), overwrite=True) as writer:
        for way in osmium.FileProcessor(str(pbf), osmium.osm.WAY).with_filter(
            osmium.filter.KeyFilter("highway")
        ):
            writer.add(way)
            ways += 1
    return ways


def seconds(call, *words) -> float:
    """Return the seconds of one call."""
    begin = time.perf_counter()
    call(*words)
    return time.perf_counter() - begin


def main() -> None:
    """Run both, in turn, and print medians and ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pbf", type=Path)
    parser.add_argument("--elevation", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        xml = Path(scratch) / "highways.osm"
        ways = highways_as_xml(options.pbf, xml)
        flat, hilly, rival = [], [], []
        for _ in range(options.repeat):
            flat.append(seconds(ours, options.pbf, None))
            rival.append(seconds(osmnx_recipe, xml))
            if options.elevation:
                hilly.append(seconds(ours, options.pbf, options.elevation))
    print(f"{options.pbf.name}: {ways} ways, medians of {options.repeat}")
    print(f"care-circle, PBF to timed network      {statistics.median(flat):7.2f} s")
    if hilly:
        print(f"care-circle, the same with heights     {statistics.median(hilly):7.2f} s")
    print(f"OSMnx recipe, XML to timed graph       {statistics.median(rival):7.2f} s")
    ratio = statistics.median(r / o for r, o in zip(rival, flat, strict=True))
    print(f"OSMnx / care-circle                    {ratio:7.1f} x")


if __name__ == "__main__":
    main()

"""How long a what-if takes beside the whole computation of the people's minutes.

``python benchmarks/whatif.py STUDY.toml``: what a what-if needs is built once, then each
kind of change is timed, best of three; beside it stands what it replaces: places snapped, links
searched and minutes taken anew, without reading, isochrones, gaps and maps.
"""

import sys
import time
from types import SimpleNamespace

import numpy as np

from coverage.catalogue import load_study
from coverage.changes import Blocked, Closed, Linked, Opened
from coverage.circle import home_minutes, snap_homes
from coverage.inputs.everything import read_inputs
from coverage.links import find_links
from coverage.preparation import demand_of, prepare
from coverage.snapping import snap_facilities
from coverage.study_parts import TIERS
from coverage.whatif import what_if


class Findings(SimpleNamespace):
    """What a what-if needs of a result."""


def build(path):
    """Return the findings that a what-if needs, and the seconds of the whole computation."""
    study = load_study(path)
    inputs = read_inputs(study)
    ready = prepare(study, inputs)
    demand = demand_of(inputs, ready.base)
    network, facilities = ready.network, inputs.facilities
    tiers = {tier: np.flatnonzero((facilities["tier"] == tier).to_numpy()) for tier in TIERS}
    thresholds = {name: tier.threshold_min for name, tier in study.tiers}
    begin = time.perf_counter()
    snapped = snap_facilities(study, network, facilities)
    places = snap_homes(network, demand.points, limit_m=study.population.snap_limit_m)
    links = find_links(
        network, snapped, places, direction=study.direction, horizon_min=study.horizon_min
    )
    homes = home_minutes(demand.points, places, links, tiers, thresholds, facilities.index)
    whole = time.perf_counter() - begin
    print(f"{len(network.node_id):,} nodes, {len(facilities):,} facilities, {len(homes):,} homes, "
          f"{len(links.place):,} links; the whole computation {whole:.2f} s")  # fmt: skip
    people = SimpleNamespace(demand=demand, homes=homes, links=links)
    return Findings(
        study=study, inputs=inputs, network=network, facilities=facilities, people=people
    ), whole


def changes_of(findings):
    """Return one change of each kind, near the middle of the homes."""
    points = findings.people.homes.geometry.centroid.to_crs("EPSG:4326")
    middle = points.iloc[len(points) // 2]
    here = (middle.x, middle.y)
    links = findings.people.links
    used = np.bincount(links.facility, minlength=len(findings.facilities))
    network = findings.network
    xy = findings.people.homes.geometry.centroid.iloc[len(points) // 2]
    near = np.argmin(np.hypot(*(network.midpoints() - [xy.x, xy.y]).T))
    return {
        "open": Opened(here),
        "close the most used": Closed(str(findings.facilities.index[np.argmax(used)])),
        "block a way": Blocked(int(network.ways.index[network.way[near]])),
        "lift": Linked(here, (here[0] + 0.001, here[1] + 0.001), "lift"),
        "bridge": Linked(here, (here[0] + 0.001, here[1] + 0.001), "bridge"),
    }


def main():
    """Print the table."""
    findings, whole = build(sys.argv[1])
    begin = time.perf_counter()
    changes = changes_of(findings)
    what_if(findings, [changes["open"]])
    print(f"prepared once: {time.perf_counter() - begin:.2f} s")
    for name, change in changes.items():
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            found = what_if(findings, [change])
            times.append(time.perf_counter() - begin)
        print(f"{name:22} {min(times) * 1000:8.1f} ms  {whole / min(times):7.0f} x  "
              f"searched for {found.searched}")  # fmt: skip


if __name__ == "__main__":
    main()

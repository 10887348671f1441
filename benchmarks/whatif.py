"""How long a what-if takes beside the whole computation that it replaces.

    python benchmarks/whatif.py STUDY.toml [--repeat 3]
    python benchmarks/whatif.py --smoke

The study is read and prepared once. Then each kind of change is made by what-if and by its rival:
the whole computation of the people's minutes on the changed network, from that network in memory
(places snapped, links searched, minutes taken; no reading, isochrones, gaps or maps). The rival's
minutes are compared first, tier by tier; a change for which they differ ends the benchmark. Of the
what-if the best of the repetitions counts, of the rival, which takes far longer, its one.
"""

import argparse
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import shapely
from numpy.testing import assert_allclose, assert_array_equal

from coverage.catalogue import load_study
from coverage.changes import Blocked, Closed, Linked, Opened
from coverage.circle import home_minutes, snap_homes
from coverage.edits import Join, edited
from coverage.inputs.everything import read_inputs
from coverage.links import find_links
from coverage.network import project
from coverage.preparation import demand_of, prepare
from coverage.snapping import snap, usable_edges
from coverage.study_parts import TIERS
from coverage.whatif import what_if


class Findings(SimpleNamespace):
    """What a what-if needs of a result."""


def build(path):
    """Return the findings that a what-if needs."""
    study = load_study(path)
    inputs = read_inputs(study)
    ready = prepare(study, inputs)
    demand = demand_of(inputs, ready.base)
    network, facilities = ready.network, inputs.facilities
    points = shapely.get_coordinates(facilities.geometry.to_numpy())
    homes, places, links = computed(study, network, demand.points, points, facilities["tier"], [])
    people = SimpleNamespace(demand=demand, homes=homes, places=places, links=links)
    return Findings(
        study=study, inputs=inputs, network=network, facilities=facilities, people=people,
        services=None,
    )  # fmt: skip


def computed(study, network, points, facility_xy, tier_of, closed):
    """Return homes with their minutes, where they stand, and links, all worked out on a network."""
    usable = usable_edges(network)
    stands = usable if study.network.rules == "pedestrian" else np.arange(len(network.tail))
    snapped = snap(network, facility_xy, onto=stands, limit_m=study.facilities.snap_limit_m)
    places = snap_homes(network, points, limit_m=study.population.snap_limit_m, onto=usable)
    links = find_links(
        network, snapped, places, direction=study.direction, horizon_min=study.horizon_min
    )
    open_ = ~np.isin(np.arange(len(facility_xy)), closed)
    tiers = {tier: np.flatnonzero((np.asarray(tier_of) == tier) & open_) for tier in TIERS}
    thresholds = {name: tier.threshold_min for name, tier in study.tiers}
    ids = pd.Index(range(len(facility_xy)))
    return home_minutes(points, places, links, tiers, thresholds, ids), places, links


def rival(findings, change):
    """Return the homes after a change, all of it worked out anew."""
    study, network = findings.study, findings.network
    facility_xy = shapely.get_coordinates(findings.facilities.geometry.to_numpy())
    tier_of = findings.facilities["tier"].to_numpy(object)
    blocked, joins, closed = np.zeros(0, dtype=np.int64), [], []
    if isinstance(change, Opened):
        new = project(np.array([change.lon_lat]), network.crs)
        facility_xy, tier_of = np.vstack([facility_xy, new]), np.append(tier_of, change.tier)
    elif isinstance(change, Closed):
        closed = np.flatnonzero(findings.facilities.index.astype(str) == change.id)
    elif isinstance(change, Blocked):
        blocked = np.flatnonzero((network.ways.index == change.osm_id)[network.way])
    else:
        xy = project(np.array([change.start, change.end]), network.crs)
        limit_m = study.population.snap_limit_m
        ends = snap(network, xy, onto=usable_edges(network), limit_m=limit_m)
        joins = [Join(tuple(ends.edge), tuple(ends.fraction), change.kind)]
    if len(blocked) or joins:
        network = edited(network, blocked, joins).network
    points = findings.people.demand.points
    return computed(study, network, points, facility_xy, tier_of, closed)[0]


def compare(found, whole):
    """Compare the minutes of a what-if with its rival's, to a billionth of a minute."""
    for tier in TIERS:
        for key in ("minutes", "to", "back"):
            mine, theirs = (homes[f"{key}_{tier}"].to_numpy() for homes in (found, whole))
            assert_array_equal(np.isnan(mine), np.isnan(theirs))
            assert_allclose(mine, theirs, rtol=0, atol=1e-9)
        assert_array_equal(found[f"covered_{tier}"], whole[f"covered_{tier}"])


def changes_of(findings):
    """Return one change of each kind, near the middle of the homes."""
    geometry = findings.people.homes.geometry
    middle = geometry.iloc[[len(geometry) // 2]].centroid
    place, xy = middle.to_crs("EPSG:4326").iloc[0], middle.iloc[0]
    here = (place.x, place.y)
    links = findings.people.links
    used = np.bincount(links.facility, minlength=len(findings.facilities))
    network = findings.network
    near = np.argmin(np.hypot(*(network.midpoints() - [xy.x, xy.y]).T))
    there = (here[0] + 0.001, here[1] + 0.001)
    return {
        "open": Opened(here),
        "close the most used": Closed(str(findings.facilities.index[np.argmax(used)])),
        "block a way": Blocked(int(network.ways.index[network.way[near]])),
        "lift": Linked(here, there, "lift"),
        "escalator": Linked(here, there, "escalator"),
        "bridge": Linked(here, there, "bridge"),
    }


def timed(task):
    """Return what a task returns, and its seconds by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = task()
    return found, time.perf_counter() - clock, time.process_time() - cpu


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("study", nargs="?", default="sample", help="a name, or a TOML file")
    parser.add_argument("--repeat", type=int, default=3, help="of each what-if; the best counts")
    parser.add_argument("--smoke", action="store_true", help="the sample, once, to see it run")
    options = parser.parse_args()
    findings = build("sample" if options.smoke else options.study)
    network, homes, links = findings.network, findings.people.homes, findings.people.links
    print(f"{len(network.node_id):,} nodes, {len(findings.facilities):,} facilities, "
          f"{len(homes):,} homes, {len(links.place):,} links")  # fmt: skip
    changes = changes_of(findings)
    _, clock, _ = timed(lambda: what_if(findings, [changes["open"]]))
    print(f"prepared at the first what-if: {clock:.2f} s")
    print(f"{'':20} {'what-if':>10} {'CPU':>10} {'anew':>11} {'CPU':>11} {'ratio':>8}  searched")
    for name, change in changes.items():
        whole, whole_s, whole_cpu_s = timed(lambda change=change: rival(findings, change))
        runs = [
            timed(lambda change=change: what_if(findings, [change]))
            for _ in range(1 if options.smoke else options.repeat)
        ]
        found = runs[0][0]
        compare(found.homes, whole)
        clock, cpu = (min(run[column] for run in runs) for column in (1, 2))
        print(
            f"{name:20} {clock * 1000:7.1f} ms {cpu * 1000:7.1f} ms {whole_s * 1000:8.0f} ms "
            f"{whole_cpu_s * 1000:8.0f} ms {whole_cpu_s / cpu:6.1f} x  {found.searched}"
        )
    print("The ratio is of processor time; all minutes were equal.")


if __name__ == "__main__":
    main()

"""Street gained and lost by changes is the difference of two full runs."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.assessment import coverage_of, pieces_inside, with_any_and_all
from coverage.changes import Blocked, Linked, Opened
from coverage.edits import edited
from coverage.placing import Placed
from coverage.reach import reach_of_each
from coverage.snapping import snap, usable_edges
from coverage.standing import ground_after, snap_near
from coverage.streets_after import street_change_m
from coverage.study_parts import TIERS
from coverage.whatif import what_if
from test_whatif import (
    LIMIT_M,
    before_of,
    cases,
    network_after,
    place_of,
    sample,
    with_other_facilities,
)

__all__ = ["sample"]
LIMITS = {"community": 2.0, "street": 4.0, "district": 4.0}


def covered_km(network, snapped, members, limits_min, direction, boundary):
    """Compute everything anew, as a run does."""
    cutoffs = tuple(sorted(set(limits_min.values())))
    reach = reach_of_each(
        network, snapped, np.arange(len(snapped.edge)), direction=direction, cutoffs_min=cutoffs
    )
    covered = {tier: reach.within(limits_min[tier], members[tier]) for tier in members}
    inside = pieces_inside(network, boundary)
    found = coverage_of(network, inside, with_any_and_all(covered))
    return {key: found[f"covered_km_{key}"] for key in (*members, "any", "all")}


@settings(max_examples=60, deadline=None)
@given(cases(), st.sampled_from(["to", "back", "worst"]))
def test_street_gained_and_lost_is_the_difference_of_two_runs(case, direction):
    network, blocked, joins, homes, here, opened, closed = case
    here, opened = (np.array(xy, dtype=float).reshape(-1, 2) for xy in (here, opened))
    before = before_of(network, homes, here, direction)
    boundary = shapely.box(-5.0, -5.0, 82.5, 121.0)
    ground = ground_after(before, blocked, joins)
    stand = snap_near(ground.patched, opened, onto=ground.stands, limit_m=LIMIT_M)
    done = Placed(closed, ground, [Opened(tuple(xy)) for xy in opened], stand)
    tier_of = np.array([TIERS[k % 3] for k in range(len(here) + len(opened))])
    kept = ~np.isin(np.arange(len(tier_of)), closed)
    was = {tier: np.flatnonzero(tier_of[: len(here)] == tier) for tier in TIERS}
    now = {tier: np.flatnonzero((tier_of == tier) & kept) for tier in TIERS}
    found = street_change_m(before, done, now, was, LIMITS, boundary)
    after = edited(network, blocked, joins).network
    snapped = snap(after, np.vstack([here, opened]), onto=usable_edges(after), limit_m=LIMIT_M)
    one = covered_km(network, before.snapped, was, LIMITS, direction, boundary)
    other = covered_km(after, snapped, now, LIMITS, direction, boundary)
    for key, (gained_m, lost_m) in found.items():
        assert gained_m >= 0
        assert lost_m >= 0
        assert (gained_m - lost_m) / 1000 == pytest.approx(other[key] - one[key], abs=1e-9)
        if not len(blocked) and not joins:
            assert gained_m == 0 or len(opened)
            assert lost_m == 0 or len(closed)


def test_opening_and_closing_equal_a_run_with_another_file(sample, tmp_path):
    lon, lat = place_of(sample, 40)
    closes = str(sample.facilities.index[0])

    def change(table):
        new = {"id": "new-1", "name": "new", "tier": "street", "lon": lon, "lat": lat}
        return pd.concat([table[table["id"] != closes], pd.DataFrame([new])])

    found = sample.with_facility((lon, lat), tier="street").without(closes).street_km()
    whole = with_other_facilities(sample, tmp_path, change).streets
    for key in (*TIERS, "any", "all"):
        for name, streets in (("before", sample.streets), ("after", whole)):
            km = (streets[f"covered_{key}"] * streets["length_m"]).sum() / 1000
            assert found.loc[key, name] == pytest.approx(km, abs=1e-6)
    assert found.loc["street", "gained"] > 0
    assert found.loc["community", "lost"] > 0


@pytest.mark.parametrize("kinds", [(), ("lift",), ("bridge", "escalator")])
def test_the_sample_with_other_streets_equals_a_run(sample, kinds):
    streets = sample.streets
    way = int(streets["osm_id"][(streets["covered_all"] * streets["length_m"]).argmax()])
    changes = [Blocked(way)] if len(kinds) != 1 else []
    ends = [(place_of(sample, home), place_of(sample, home + 40)) for home in (20, 130)]
    changes += [Linked(*end, kind) for end, kind in zip(ends, kinds, strict=False)]
    changed = what_if(sample, changes)
    after = network_after(sample, changed)
    study = sample.study
    points = shapely.get_coordinates(sample.inputs.facilities.geometry.to_numpy())
    snapped = snap(after, points, onto=usable_edges(after), limit_m=study.facilities.snap_limit_m)
    members = {t: np.flatnonzero((sample.facilities["tier"] == t).to_numpy()) for t in TIERS}
    limits = {name: tier.threshold_min for name, tier in study.tiers}
    whole = covered_km(after, snapped, members, limits, study.direction, sample.inputs.boundary)
    found = changed.street_km()
    for key, km in whole.items():
        assert found.loc[key, "after"] == pytest.approx(km, abs=1e-6)
    assert (found["lost"] > 0).any() == (len(kinds) != 1)

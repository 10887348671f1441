"""What must hold of people by service on any streets, whoever offers what."""

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from conftest import CRS
from coverage.assessment import with_any_and_all
from coverage.by_service import WHOLE, assess_services, services_summary
from coverage.circle import snap_homes
from coverage.demand import Demand
from coverage.groups import tier_groups
from coverage.people import assess_people
from coverage.pieces import whole
from coverage.reach import reach_of_each
from coverage.service_kinds import SERVICES
from coverage.snapping import snap_facilities
from coverage.study import study_from_toml
from coverage.study_parts import TIERS
from test_people import homes_at
from test_services import TOML
from test_whatif import SPOT, cases

NAMED_AFTER = dict(zip(TIERS, ("dining", "nursing", "emergency"), strict=True))
"""For each tier a service that stands for it."""
OFFERED = st.sets(st.sampled_from(SERVICES))


@st.composite
def towns(draw):
    """Streets as a what-if has them, homes with elderly people, and facilities of any tier."""
    network, _, _, homes, here, _, _ = draw(cases())
    elderly = draw(st.lists(st.integers(0, 60), min_size=len(homes), max_size=len(homes)))
    tiers = draw(st.lists(st.sampled_from(TIERS), min_size=len(here), max_size=len(here)))
    offered = draw(st.lists(OFFERED, min_size=len(here), max_size=len(here)))
    minutes = draw(st.sampled_from([1, 2, 15]))
    direction = draw(st.sampled_from(["to", "back", "worst"]))
    study = study_from_toml(
        f'direction = "{direction}"\n{TOML}'
        + "".join(f"[tiers.{tier}]\nthreshold_min = {minutes}\n" for tier in TIERS)
        + "".join(f"[services.{name}]\nthreshold_min = {minutes}\n" for name in SERVICES)
    )
    return study, network, homes_at(homes, elderly=elderly), facilities_at(here, tiers, offered)


def facilities_at(xy, tiers, offered):
    said = [";".join(name for name in SERVICES if name in own) for own in offered]
    names = [f"F{number}" for number in range(len(xy))]
    return gpd.GeoDataFrame(
        {"name": names, "tier": tiers, "capacity": np.nan, "services": said},
        index=names, geometry=gpd.points_from_xy(*np.array(xy, dtype=float).T), crs=CRS,
    )  # fmt: skip


def assessed(study, network, homes, facilities):
    """Return people and services of a town, as a run finds them."""
    snapped = snap_facilities(study, network, facilities)
    everyone = np.arange(len(facilities))
    reach = reach_of_each(
        network, snapped, everyone, direction=study.direction, cutoffs_min=study.cutoffs_min
    )
    inside = whole(np.arange(len(network.tail)))
    covered = with_any_and_all({
        tier: reach.within(getattr(study.tiers, tier).threshold_min, members)
        for tier, members in tier_groups(facilities).items()
    })  # fmt: skip
    people = assess_people(
        study, network, Demand(homes, (0.0, 0.0), (0.0, 0.0), ""), facilities, snapped,
        snap_homes(network, homes, limit_m=300), inside=inside, covered=covered, areas=None,
        zones=None,
    )  # fmt: skip
    services = assess_services(
        study, network, facilities, snapped, reach, people,
        inside=inside, parts={}, boundary=None, areas=None,
    )  # fmt: skip
    return people, services


@settings(max_examples=40, deadline=None)
@given(towns())
def test_people_of_a_service_are_within_all_people_and_none_is_lost(town):
    study, network, homes, facilities = town
    people, services = assessed(study, network, homes, facilities)
    if services is None:
        assert (facilities["services"] == "").all()
        return
    everybody = homes["elderly"].sum()
    for row in services.table[services.table["area"] == WHOLE].to_dict("records"):
        name = row["service"]
        assert row["elderly"] == everybody
        assert 0 <= row["elderly_covered"] <= everybody
        assert row["elderly_covered"] + row["elderly_unreachable"] <= everybody
        assert 0 <= row["covered_km"] <= row["street_km"] + 1e-9
        assert row["elderly_covered"] + sum(services.causes[name].values()) == everybody
        listed = services.gaps.loc[services.gaps["service"] == name, "elderly"].sum()
        assert row["elderly_covered"] + listed + services.unlisted[name][0] == everybody
        # Whom a service covers some facility covers that offers it, and so some tier.
        covered = services.homes[f"covered_{name}"].to_numpy(bool)
        by_tier = np.column_stack([people.homes[f"covered_{tier}"] for tier in TIERS])
        assert not (covered & ~by_tier.any(axis=1)).any()


@settings(max_examples=40, deadline=None)
@given(towns(), SPOT, st.sampled_from(TIERS), OFFERED)
def test_one_facility_more_loses_nobody_any_service(town, spot, tier, offers):
    study, network, homes, facilities = town
    more = facilities_at([spot], [tier], [offers]).set_axis(["new"], axis=0)
    _, before = assessed(study, network, homes, facilities)
    _, after = assessed(study, network, homes, pd.concat([facilities, more]))
    for name in before.groups if before is not None else ():
        was, now = (one.homes[f"covered_{name}"].to_numpy(bool) for one in (before, after))
        assert not (was & ~now).any()
        walked, then = (one.homes[f"minutes_{name}"].to_numpy(float) for one in (before, after))
        # Whoever had a way still has one, and none is longer.
        assert (then <= walked + 1e-9)[~np.isnan(walked)].all()
        if name not in offers:
            assert_array_equal(was, now)
    offered_now = set(after.groups) if after is not None else set()
    assert offered_now == offers | set(before.groups if before is not None else ())


@settings(max_examples=40, deadline=None)
@given(towns())
def test_where_each_offers_one_service_named_after_its_tier_it_has_the_tiers_figures(town):
    study, network, homes, facilities = town
    facilities = facilities.assign(services=facilities["tier"].map(NAMED_AFTER))
    people, services = assessed(study, network, homes, facilities)
    summary = services_summary(services)
    assert list(summary) == [NAMED_AFTER[t] for t in TIERS if (facilities["tier"] == t).any()]
    for tier, name in NAMED_AFTER.items():
        if name not in summary:
            continue
        for what in ("minutes", "nearest", "covered", "cause"):
            assert_array_equal(services.homes[f"{what}_{name}"], people.homes[f"{what}_{tier}"])
        assert services.causes[name] == people.causes[tier]
        assert_allclose(summary[name]["elderly"], people.figures[f"elderly_{tier}"], atol=1e-6)
        own = services.gaps[services.gaps["service"] == name].drop(columns="service")
        gaps = people.gaps[people.gaps["tier"] == tier].drop(columns="tier")
        # No gap at all has counts of another kind of number than some of other tiers beside none.
        pd.testing.assert_frame_equal(
            own.reset_index(drop=True), gaps[own.columns].reset_index(drop=True),
            check_dtype=len(own) > 0,
        )  # fmt: skip

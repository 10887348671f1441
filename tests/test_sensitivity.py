"""How sure the headline figures are."""

import numpy as np
import pytest

import coverage
from coverage.repetitions import KEYS, RANGES, sensitivity


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw"))


@pytest.fixture(scope="module")
def found(study):
    return sensitivity(study, repetitions=16)


def test_the_first_repetition_is_the_study_itself(study, found):
    bands, runs = found
    people = coverage.run(study).summary["people"]
    for key in KEYS:
        assert bands.loc[key, "share"] == pytest.approx(people[f"share_elderly_{key}"], abs=1e-6)
        assert runs[f"share_{key}"].iloc[0] == bands.loc[key, "share"]


def test_bands_hold_all_repetitions(found):
    bands, runs = found
    assert len(runs) == 16
    assert runs["varied"].tolist()[1:11] == [name for name in RANGES for _ in range(2)]
    assert (runs["varied"].iloc[11:] == "all").all()
    for key in KEYS:
        assert bands.loc[key, "lowest"] == runs[f"share_{key}"].min()
        assert bands.loc[key, "highest"] == runs[f"share_{key}"].max()
        assert bands.loc[key, "lowest"] <= bands.loc[key, "share"] <= bands.loc[key, "highest"]
    assert (bands["driver"] != "").all()


@pytest.mark.parametrize(
    ("name", "grows"), [("speed", True), ("stairs", False), ("threshold_more_min", True)]
)
def test_each_assumption_pulls_its_way(found, name, grows):
    _, runs = found
    low, high = runs[runs["varied"] == name]["share_community"]
    assert (high > low) == grows


def test_assumptions_stay_in_their_ranges(found):
    _, runs = found
    for name, (low, high) in RANGES.items():
        assert runs[name].between(low, high).all()


def test_the_same_study_gives_the_same_repetitions(study, found):
    again = sensitivity(study, repetitions=16)[1]
    assert np.array_equal(
        again.filter(like="share").to_numpy(), found[1].filter(like="share").to_numpy()
    )


def test_without_people_it_is_of_street(study):
    bare = study.model_copy(update={"population": None})
    bands, _ = sensitivity(bare, repetitions=3)
    covered = coverage.run(bare).summary["coverage"]
    assert bands.loc["community", "share"] == pytest.approx(covered["community"]["share"], abs=1e-6)

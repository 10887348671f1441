"""Studies: TOML in and out, packaged ones, and what is wrong with a bad one."""

import tomllib
from pathlib import Path

import pytest

from coverage.catalogue import init_study, load_study, packaged_studies
from coverage.errors import InputError, UsageError
from coverage.study import Study, study_from_toml

SMALLEST = 'name = "mine"\nboundary = "b.geojson"\n[facilities]\nfile = "f.csv"\n'


def problems_of(text: str) -> str:
    with pytest.raises(InputError) as caught:
        study_from_toml(text)
    return str(caught.value)


def test_defaults():
    study = study_from_toml(SMALLEST)
    assert study.direction == "worst"
    assert study.walking.level_speed_mps == 0.9
    assert study.cutoffs_min == (5, 10, 15)
    assert dict(study.tiers)["district"].threshold_min == 15


def test_the_margin_is_the_longest_walk():
    """30 minutes, the slider's end, at 0.9 m/s are 1,620 m; down 5 % 1.191 times as far, 1,929.8.

    With others to compare, the fastest of them: an adult's 1.30 m/s make 2,787.5 m.
    """
    alone = {"compare": []}
    assert study_from_toml(SMALLEST, changes={"walker": "flat-900", **alone}).margin_m == 1620
    assert study_from_toml(SMALLEST, changes=alone).margin_m == 1930
    assert study_from_toml(SMALLEST).margin_m == 2790
    slow_tier = SMALLEST + "[tiers.district]\nthreshold_min = 45\n"
    assert study_from_toml(slow_tier, changes=alone).margin_m == 2900
    assert study_from_toml(slow_tier, changes={"network__margin_m": 50.0}).margin_m == 50
    # What OSMnx itself gives ends at the boundary.
    assert study_from_toml(SMALLEST, changes={"network__rules": "osmnx-walk"}).margin_m == 0


def test_toml_out_and_in_again_is_the_same_study():
    text = SMALLEST.replace(
        "[facilities]", 'notices = ["一"]\n[walkers.slow]\nlevel_speed_mps = 0.4\n[facilities]'
    )
    study = study_from_toml(text, changes={"walker": "slow"})
    assert study.walking.level_speed_mps == 0.4
    assert study_from_toml(study.to_toml()) == study


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (SMALLEST.replace("boundary", "boundry"), "the key 'boundry' is not known. Did you mean 'boundary'?"),
        (SMALLEST + "datun = 'wgs84'\n", "'facilities.datun' is not known. Did you mean 'datum'?"),
        (SMALLEST + "[tiers.comunity]\n", "'tiers.comunity' is not known. Did you mean 'community'?"),
        (SMALLEST + "[tiers.street]\nthreshhold_min = 10\n", "Did you mean 'threshold_min'?"),
        (SMALLEST + "[walkers.me]\nspeed = 1\n", "the key 'walkers.me.speed' is not known"),
        ('name = "x"\nboundary = "b"\n', "the key 'facilities' is missing"),
        (SMALLEST.replace('file = "f.csv"', ""), "the key 'facilities.file' is missing"),
        (SMALLEST.replace('boundary = "b.geojson"\n', ""), "the study area is not given"),
        (SMALLEST.replace("[fac", 'place = "P"\n[fac'), "'place' or 'boundary', not both"),
        (SMALLEST.replace("[fac", 'walker = "runner"\n[fac'), "walker 'runner' is not known; known are adult"),
        (SMALLEST.replace("[fac", 'direction = "up"\n[fac'), "direction: Input should be 'to', 'back' or 'worst'"),
        (SMALLEST + "[tiers.street]\nthreshold_min = -3\n", "tiers.street.threshold_min"),
        (SMALLEST.replace('"mine"', "mine"), "is not valid TOML"),
        (SMALLEST.replace("mine", "../up"), "name: only letters, digits and . _ - are taken"),
        (SMALLEST + "[network]\nmargin_m = -1\n", "margin_m must be"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong, said):
    assert said in problems_of(wrong)


def test_all_problems_are_told_at_once():
    said = problems_of('name = "x"\nboundry = "b"\n[facilities]\nfil = "f"\n')
    assert "3 problems" in said
    assert "boundry" in said
    assert "facilities.fil" in said


def test_packaged_studies_load(tmp_path):
    names = packaged_studies()
    assert list(names) == ["sample", "central-chongqing", "yuzhong"]
    for name in names:
        study = load_study(name, raw=tmp_path)
        assert study.name == name
        assert study.base == tmp_path / name
    assert len(load_study("central-chongqing", raw=tmp_path).place) == 9


def test_paths_are_seen_from_the_toml_and_changed_ones_from_here(tmp_path, monkeypatch):
    (tmp_path / "study.toml").write_text(SMALLEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    study = load_study(tmp_path / "study.toml", facilities__file=Path("other.csv"))
    assert study.path(study.boundary) == tmp_path / "b.geojson"
    assert study.path(study.facilities.file) == tmp_path / "other.csv"
    assert load_study(tmp_path).name == "mine"


def test_an_unknown_study_names_the_known():
    with pytest.raises(UsageError, match=r"no study 'yuzong'. Did you mean 'yuzhong'\?"):
        load_study("yuzong")


def test_a_study_that_is_not_text(tmp_path):
    bad = tmp_path / "study.toml"
    bad.write_bytes("name = '重庆'".encode("gbk"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_study(bad)


def test_init_makes_a_study_that_loads_and_overwrites_nothing(tmp_path):
    toml = init_study(tmp_path / "new")
    study = load_study(toml)
    assert isinstance(study, Study)
    for part in (study.facilities, study.areas, study.elevation, study.population, study.zones,
                 study.candidates):  # fmt: skip
        assert study.path(part.file).is_file()
    assert tomllib.loads(toml.read_text(encoding="utf-8"))["name"] == "sample"
    before = toml.read_bytes()
    with pytest.raises(UsageError, match="not an empty folder"):
        init_study(tmp_path / "new")
    assert toml.read_bytes() == before

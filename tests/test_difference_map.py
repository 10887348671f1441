"""The page of a difference, without a browser: figures, ground, names of others, bad maps."""

import base64
import re

import numpy as np
import pytest

from coverage.difference import Difference
from coverage.errors import InputError
from coverage.inputs.finished_run import KEYS
from coverage.matching import NEAR_M
from coverage.outputs.difference_map import difference_html
from coverage.outputs.maps import page_of
from coverage.outputs.packing import pack, unpack
from coverage.outputs.payload_difference import difference_content, ground_of
from coverage.run_changes import changes_of
from map_grid import town
from two_runs import FACILITIES, difference, run_of

HOSTILE = '</script><img src=x onerror=alert(1)>"\u202e'


def block(html):
    return unpack(base64.b64decode(re.search(r'care-circle-packed">([^<]+)<', html)[1]))


def test_figures_by_hand(tmp_path):
    meta, _ = difference_content(difference(tmp_path), None)
    community = meta["whole"]["figures"][KEYS.index("community")]
    km = community["km"]
    assert {name: pytest.approx(km[name]) for name in km} == {
        "before": 1.2, "after": 1.2, "gained": 0.4, "lost": 0.4, "new": 0.4, "vanished": 0.4,
        "redrawn": 0, "both": 0.4, "neither": 0.4,
    }  # fmt: skip
    assert community["people"] == {
        "before": 70, "after": 110, "gained": 30, "lost": 40, "new": 60, "vanished": 10,
        "recounted": 0,
    }  # fmt: skip
    assert meta["areas"] == ["西片", "东片"]
    west, east = (place["figures"][0] for place in meta["areaFigures"])
    # The rim at 250 m cuts every street; the homes are west of it.
    assert (west["km"]["gained"], east["km"]["gained"]) == pytest.approx((0.25, 0.15))
    assert (west["people"]["lost"], east["people"]["lost"]) == (40, 0)


def test_a_stretch_is_told_in_eight_bits(tmp_path):
    meta, sections = difference_content(difference(tmp_path), None)
    arrays = {section.name: section.array for section in sections}
    names = [meta["streetNames"][label] for label in arrays["strip.name"]]
    found = dict(zip(names, arrays["strip.bits"].tolist(), strict=True))
    before, after = 64, 128
    assert found == {
        "vanished": before | 1, "both": before | after | 1 | 8, "gained": before | after | 8,
        "lost": before | after | 1, "neither": before | after, "new": after | 8,
    }  # fmt: skip


def test_facilities_open_close_and_stay(tmp_path):
    found = difference(tmp_path).facilities.set_index("id")["change"]
    assert found.to_dict() == {"F": "both", "H": "closed", "G": "opened"}


def test_a_facility_that_moves_closes_and_opens(tmp_path):
    a, b = run_of(tmp_path / "a", 0, {}), run_of(tmp_path / "b", 0, {})
    b.facilities.geometry = b.facilities.translate(NEAR_M * 2)
    assert set(changes_of(a, b)["facilities"]["change"]) == {"opened", "closed"}
    b.facilities.geometry = b.facilities.translate(-NEAR_M * 1.5)
    b.facilities["id"] = ["other", "ids"]
    assert set(changes_of(a, b)["facilities"]["change"]) == {"both"}
    assert len(FACILITIES[0]) == len(changes_of(a, b)["facilities"])


def test_the_ground_is_that_of_the_later_map(tmp_path):
    found = difference(tmp_path)
    assert ground_of(found) is None
    meta, sections = town()
    found.before.folder.joinpath("map.html").write_text(page_of("x", pack(meta, sections)), "utf-8")
    assert ground_of(found).meta["title"] == meta["title"]
    drawn, arrays = block(difference_html(found))
    assert drawn["bounds"] == meta["bounds"]
    own = {section.name: section.array for section in sections if hasattr(section, "name")}
    assert np.array_equal(arrays["boundary.x"], own["boundary.x"])
    assert len(arrays["building.x"]) == len(own.get("building.x", [])) + len(own["home.x"])


@pytest.mark.parametrize("text", ["<html></html>", 'id="care-circle-packed">A</script>'])
def test_a_damaged_map_is_named(tmp_path, text):
    found = difference(tmp_path)
    found.after.folder.joinpath("map.html").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"map\.html.*Run the study again"):
        difference_html(found)


def test_the_same_two_runs_give_the_same_page(tmp_path):
    assert difference_html(difference(tmp_path)) == difference_html(difference(tmp_path))


def test_names_of_others_are_text(tmp_path):
    names = dict.fromkeys(("gained", "F", "G", "西片", "title"), HOSTILE)
    html = difference_html(difference(tmp_path, names))
    assert "<img" not in html
    meta, _ = block(html)
    assert HOSTILE in meta["streetNames"]
    assert HOSTILE in meta["areas"]


def test_settings_name_files_and_not_folders(tmp_path):
    a, b = run_of(tmp_path / "a", 0, {}), run_of(tmp_path / "b", 1, {})
    for run, path in ((a, "/home/li/data/alt.csv"), (b, "C:\\Users\\li\\neu.csv")):
        run.manifest["study"]["facilities"] = {"file": path}
    a.manifest["study"]["ground"] = {"tianditu_key": "secret"}
    meta, _ = difference_content(Difference(**changes_of(a, b)), None)
    assert "secret" not in str(meta)
    assert {"what": "facilities.file", "before": "alt.csv", "after": "neu.csv"} in meta["settings"]


def test_without_people_street_speaks(tmp_path):
    found = difference(tmp_path, people=False)
    meta, sections = difference_content(found, None)
    assert meta["whole"]["figures"][0]["people"] is None
    assert not [section for section in sections if section.name.startswith("home.")]
    assert found.areas["km_gained"].sum() > 0


def test_the_map_of_a_difference_is_a_page_that_can_be_saved(tmp_path):
    page = difference(tmp_path).map()
    assert page.save(tmp_path / "diff.html").read_bytes() == page.html.encode()
    assert "alt → neu" in page.title

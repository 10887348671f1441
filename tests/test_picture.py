"""map.png: what it shows where, that every letter is one, and that the same study is the same bytes."""

import dataclasses
import io
import struct

import geopandas as gpd
import matplotlib
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry
from matplotlib.text import Text
from PIL import Image

import coverage
from coverage.inputs.ground import no_ground
from coverage.outputs import lettering, picture
from coverage.outputs.colours import BEYOND, GAP, TIER_COLOURS, UNREACHABLE, band_colour
from coverage.outputs.lettering import find_lettering
from coverage.outputs.picture import map_figure, map_png
from coverage.outputs.picture_frame import LAND, OUTSIDE, WATER
from coverage.outputs.picture_sheet import round_length
from coverage.outputs.picture_words import bands_of, shown_tier
from coverage.study_parts import TierPart

HOSTILE = [
    "$x^2$ \\frac{1}{2} _a_ {b} %s", "</script><b>\"'&", "🏥👩‍🦽", "مركز الرعاية", "ש\u202eabc\u202c",
    "长" * 300, "Ω" * 300, "", "a\nb\tc\x07", "𠮷野家", "ไทย", "\ud800", "１２３　全角",
]  # fmt: skip


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return coverage.run(coverage.load_study("sample", raw=tmp_path_factory.mktemp("raw")))


@pytest.fixture(scope="module")
def square(result):
    """One square kilometre, west to east: streets of 3, 8, 14, 20 and no minutes, north to south.

    y 900  3 min    ─────────────
    y 700  8 min    ─────────────
    y 500  14 min   ─────────────   community facility at (500, 600)
    y 300  20 min   ─────────────   in a gap from y 250 to 350
    y 100  no way   ─────────────   water from y 0 to 60
    """
    minutes = [3.0, 8.0, 14.0, 20.0, np.nan]
    west, south = 650_000.0, 3_270_000.0

    def at(x: float, y: float) -> tuple[float, float]:
        return west + x, south + y

    def frame(shapes: list[shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(columns, geometry=shapes, crs=result.network.crs)

    streets = frame(
        [shapely.LineString([at(100, y), at(900, y)]) for y in (900, 700, 500, 300, 100)],
        osm_id=range(5), name=None, highway="residential", length_m=800.0,
        **{f"minutes_{tier}": minutes for tier in ("community", "street", "district")},
    )  # fmt: skip
    gap = frame([shapely.box(*at(50, 250), *at(950, 350))], tier=["community"], street_m=[800.0])
    facilities = frame(
        [shapely.Point(at(500, 600))], name=["甲"], tier=["community"], snapped=[True]
    )
    ground = dataclasses.replace(
        no_ground(result.network.crs),
        water=frame([shapely.box(*at(0, 0), *at(1000, 60))], name=["江"]),
    )
    inputs = dataclasses.replace(
        result.inputs, boundary=shapely.box(*at(0, 0), *at(1000, 1000)), ground=ground,
        buildings=result.inputs.buildings.iloc[:0],
    )  # fmt: skip
    summary = {**result.summary, "facilities": {"community": 1, "street": 0, "district": 0}}
    found = dataclasses.replace(
        result, inputs=inputs, streets=streets, gaps=gap, facilities=facilities, areas=None,
        people=None, summary={**summary, "people": None},
    )  # fmt: skip
    return found, at


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def colour_at(found, png: np.ndarray, place: tuple[float, float]) -> str:
    """Return the colour of the picture at a place in metres."""
    axes = map_figure(found).axes[1]
    x, y = axes.transData.transform(place)
    return "#" + "".join(f"{level:02x}" for level in png[png.shape[0] - 1 - int(y), int(x)])


def blended(colour: str, ground: str, share: float) -> list[float]:
    over, under = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (colour, ground))
    return (over * share + under * (1 - share)).tolist()


def test_streets_have_the_colour_of_their_minutes(square):
    found, at = square
    png = pixels(map_png(found))
    expected = {900: band_colour(5), 700: band_colour(10), 500: band_colour(15), 300: BEYOND,
                100: UNREACHABLE}  # fmt: skip
    assert {y: colour_at(found, png, at(250, y)) for y in expected} == expected


@pytest.mark.parametrize("at_once", [1, 3, 4, 5, 1_000])
def test_every_line_is_drawn_once_however_many_go_together(monkeypatch, at_once):
    monkeypatch.setattr(picture, "_LINES_AT_ONCE", at_once)
    lines = np.array([shapely.LineString([(n, 0), (n, 1), (n, n)]) for n in range(4)], dtype=object)
    axes = Figure().add_subplot()
    picture._stroke(axes, lines, {"edgecolor": WATER, "linewidth": 3, "zorder": 2})
    drawn = [one.get_path() for one in axes.patches]
    assert len(drawn) == -(-len(lines) // at_once)
    some = [part for path in drawn for part in path.to_polygons(closed_only=False)]
    assert [part.tolist() for part in some] == [list(map(list, line.coords)) for line in lines]


def test_land_water_gap_facility_and_what_lies_outside(square):
    found, at = square
    png = pixels(map_png(found))
    assert colour_at(found, png, at(250, 800)) == LAND
    assert colour_at(found, png, at(250, 30)) == WATER
    assert colour_at(found, png, at(-20, 500)) == OUTSIDE
    assert colour_at(found, png, at(500, 600)) == TIER_COLOURS["community"]
    inside = colour_at(found, png, at(250, 270))
    shades = [int(inside[i : i + 2], 16) for i in (1, 3, 5)]
    assert shades == pytest.approx(blended(GAP, LAND, 0.13), abs=2)


def test_a_hole_in_the_water_is_land(square):
    found, at = square
    water = found.inputs.ground.water.copy()
    lake = shapely.Polygon(shapely.box(*at(600, 600), *at(900, 690)).exterior.coords,
                           [shapely.box(*at(700, 620), *at(800, 670)).exterior.coords])  # fmt: skip
    overlapping = shapely.box(*at(850, 600), *at(950, 690))
    water = gpd.GeoDataFrame(
        {"name": ["", ""]}, geometry=[lake, overlapping.reverse()], crs=water.crs
    )
    ground = dataclasses.replace(found.inputs.ground, water=water)
    island = dataclasses.replace(found, inputs=dataclasses.replace(found.inputs, ground=ground))
    png = pixels(map_png(island))
    assert colour_at(island, png, at(750, 645)) == LAND
    assert colour_at(island, png, at(650, 645)) == WATER
    assert colour_at(island, png, at(875, 645)) == WATER


def test_the_picture_is_2400_by_1700_and_signed_by_nobody(result):
    png = map_png(result)
    assert struct.unpack(">II", png[16:24]) == (2400, 1700)
    kinds, at = set(), 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kinds.add(png[at + 4 : at + 8])
        at += length + 12
    assert kinds <= {b"IHDR", b"IDAT", b"IEND", b"pHYs"}


def test_the_same_findings_give_the_same_bytes_whatever_style_is_set(result):
    png = map_png(result)
    loud = {"lines.antialiased": False, "axes.linewidth": 9, "savefig.dpi": 30, "text.color": "red",
            "savefig.bbox": "tight", "path.simplify": False, "font.size": 4}  # fmt: skip
    with matplotlib.rc_context(loud):
        assert map_png(result) == png
        assert matplotlib.rcParams["savefig.dpi"] == 30


def drawn(found) -> Figure:
    """Return the figure after it was drawn, which would have warned of a letter that is none."""
    figure = map_figure(found)
    FigureCanvasAgg(figure).draw()
    return figure


def texts(found) -> list[str]:
    return [text.get_text() for text in map_figure(found).findobj(Text) if text.get_text()]


def test_the_words_are_there_in_both_languages(result):
    said = "\n".join(texts(result))
    people = result.summary["people"]
    assert f"{people['elderly']:,.0f} 名老年人中，{people['elderly_community']:,.0f} 名" in said
    assert "elderly people" in said
    for word in (
        result.study.title, "Synthetic sample", "合成示例数据", "社区养老服务站 18", "District centre: 2",
        "0–5", "15–60", "更远或走不到", "覆盖缺口", "水域 Water", "© OpenStreetMap contributors", "N", "0",
    ):  # fmt: skip
        assert word in said, word
    for name in result.areas.index:
        assert any(line.startswith(name) for line in texts(result)), name


def renamed(result, names: list[str]):
    """Return the result with hostile names wherever the picture takes one."""
    # A table of names in Arrow's memory holds no half characters.
    whole = [name for name in names if name != "\ud800"][: len(result.areas)]
    rest = result.areas.index[len(whole) :]
    areas = result.areas.set_axis(pd.Index([*whole, *rest], name="area"))
    water = result.inputs.ground.water.assign(name=whole[0])
    ground = dataclasses.replace(result.inputs.ground, water=water)
    people = {**result.summary["people"], "assumed": names[-1]}
    return dataclasses.replace(
        result, areas=areas, inputs=dataclasses.replace(result.inputs, ground=ground),
        study=result.study.model_copy(update={"title": names[0], "notices": tuple(names)}),
        summary={**result.summary, "people": people},
    )  # fmt: skip


@pytest.mark.parametrize("names", [HOSTILE[:7], HOSTILE[7:], [HOSTILE[5]] * 9, [HOSTILE[6]] * 9])
def test_hostile_names_are_letters_of_the_font_on_the_sheet_and_no_formulas(result, names):
    figure = drawn(renamed(result, names))
    font = find_lettering("")
    for text in figure.findobj(Text):
        said, box = text.get_text(), text.get_window_extent()
        if said:
            assert [letter for letter in said if letter != "\n" and not font.has(letter)] == []
            assert not text.get_parse_math()
            assert 0 <= box.x0 <= box.x1 <= 2400, said
            assert 0 <= box.y0 <= box.y1 <= 1700, said


def test_long_notices_are_written_small_before_they_are_cut(result):
    notices = tuple(f"第{n}条提示，" + "这些设施只是替代，数字不得引用；" * 6 for n in range(8))
    found = dataclasses.replace(result, study=result.study.model_copy(update={"notices": notices}))
    said = "".join("".join(texts(found)).split())
    assert "".join("·".join(notices).split()) in said


def test_signs_of_formulas_are_shown_as_they_are(result):
    assert HOSTILE[0] in texts(renamed(result, HOSTILE))


def without(result, **changes):
    return dataclasses.replace(result, **changes)


def test_a_study_without_people_areas_gaps_or_ground_still_gives_a_picture(result):
    bare = without(
        result, people=None, areas=None, gaps=result.gaps.iloc[:0],
        summary={**result.summary, "people": None},
        study=result.study.model_copy(update={"notices": (), "title": ""}),
        inputs=dataclasses.replace(
            result.inputs, ground=no_ground(result.inputs.crs),
            buildings=result.inputs.buildings.iloc[:0],
        ),
    )  # fmt: skip
    said = "\n".join(texts(bare))
    assert "公里街道中" in said
    assert "km of street" in said
    assert "sample" in said
    for word in ("缺口 ", "Gap:", "Area", "Water", "Buildings", "底图"):
        assert word not in said, word
    drawn(bare)


def test_without_a_tier_the_next_one_is_shown(result):
    some = result.facilities[result.facilities["tier"] != "community"]
    counts = {**result.summary["facilities"], "community": 0}
    found = without(result, facilities=some, summary={**result.summary, "facilities": counts})
    assert shown_tier(found) == "street"
    said = "\n".join(texts(found))
    assert "Minutes to the nearest street centre" in said
    assert "社区养老服务站" not in said
    nobody = without(
        found, facilities=some.iloc[:0],
        summary={**result.summary, "facilities": dict.fromkeys(counts, 0)},
    )  # fmt: skip
    assert shown_tier(nobody) == "community"
    assert "Care facilities" not in "\n".join(texts(nobody))
    drawn(nobody)


def test_a_wide_study_has_its_legend_below_and_a_compact_one_beside(square):
    found, at = square
    wide = dataclasses.replace(
        found, inputs=dataclasses.replace(found.inputs, boundary=shapely.box(*at(0, 0), *at(3000, 1000)))
    )  # fmt: skip
    beside, below = (map_figure(one).axes[1].get_position() for one in (found, wide))
    assert beside.width < 0.8
    assert below.width > 0.9
    assert below.y0 > 0.2


@pytest.mark.parametrize(
    ("longest", "length"),
    [(1999, 1000), (2000, 2000), (5200, 5000), (99, 50), (3.5, 2), (0.2, 0.2)],
)
def test_the_scale_is_a_round_length(longest, length):
    assert round_length(longest) == length


# ---- letters ----


def test_text_is_cut_to_what_the_font_has():
    font = find_lettering("渝")
    assert font.text("渝中 مركز الرعاية 区") == "渝中 … … 区"
    assert font.text("مركز الرعاية") == ""
    assert font.text("—") == "—"
    assert font.text("🏥康养中心") == "康养中心"
    assert font.text("\u202eabc\u202c\u200b\ufe0f") == "abc"
    assert font.text("a\u3000b\xa0c") in {"a\u3000b\xa0c", "a b c"}
    assert font.text(None) == ""
    assert len(font.text("长" * 300)) == 160
    assert all(font.has(letter) for letter in font.text("".join(HOSTILE), longest=9_999))


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("渝中区, abcde，。（）$\\"), max_size=120), st.integers(60, 900))
def test_lines_fit_and_lose_nothing(text, width):
    font = find_lettering("渝")
    text = font.text(text)
    lines = font.lines(text, 20, width, 200)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(font.width(line, 20) <= width for line in lines)
    few = font.lines(text, 20, width, 2)
    assert len(few) <= 2
    assert all(font.width(line, 20) <= width for line in few)
    if len(lines) > 2:
        assert few[-1].endswith("…")


def test_chinese_is_written_in_its_own_forms_of_the_font():
    font = find_lettering("直骨门")
    assert font.path.endswith("NotoSansCJK-Regular.ttc")
    assert "noto_cjk_sans_otc" in font.path
    assert font._font.family_name == "Noto Sans CJK SC"


def test_without_the_package_a_font_of_the_system_is_found_by_its_letters(monkeypatch):
    packaged = find_lettering("")
    latin = matplotlib.get_data_path() + "/fonts/ttf/DejaVuSans.ttf"
    fonts = [
        FontEntry(latin, name="Microsoft YaHei", weight=400, style="normal"),
        FontEntry(str(packaged.path), index=packaged.path.face_index, name="SimHei",
                  weight="regular", style="normal"),
        FontEntry(latin, name="Comic", weight=400, style="normal"),
    ]  # fmt: skip
    monkeypatch.setattr(lettering, "PACKAGE", "no-such-font")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", fonts)
    found = find_lettering("渝中")
    assert (found.path, found.chinese) == (packaged.path, True)


def test_without_any_font_the_picture_says_less_and_draws_no_boxes(result, monkeypatch):
    monkeypatch.setattr(lettering, "PACKAGE", "no-such-font")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    assert not find_lettering("渝").chinese
    said = texts(result)
    assert not any("\u2e80" <= letter <= "\uffef" for text in said for letter in text)
    assert any("reach a community station" in text for text in said)
    assert any("pip install" in text for text in said)
    assert "Community station: 18" in said
    drawn(result)


def test_every_tier_has_a_shape_of_its_own(square):
    shapes = {picture.mark_style(tier)["marker"] for tier in ("community", "street", "district")}
    assert len(shapes) == 3


@pytest.mark.parametrize(
    ("promise", "ends"),
    [(3, [3]), (5, [5]), (12.5, [5, 10, 12.5]), (15, [5, 10, 15]), (30, [5, 10, 15, 20, 25, 30])],
)
def test_bands_end_every_five_minutes_and_with_the_promise(result, promise, ends):
    tiers = result.study.tiers.model_copy(update={"street": TierPart(threshold_min=promise)})
    assert bands_of(result.study.model_copy(update={"tiers": tiers}), "street") == ends

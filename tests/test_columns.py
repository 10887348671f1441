"""Columns in a file: out and in again to the last bit, and nothing run on the way."""

import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import geopandas.testing
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conftest import CRS, make_network
from coverage.columns import ColumnsError, read_columns, write_columns
from coverage.study import Study
from coverage.walkers import PACKAGED_WALKERS


def out_and_in(value, folder):
    path = folder / "value.columns"
    with path.open("wb") as file:
        write_columns(value, file)
    return read_columns(path)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text("ab_是", max_size=4) | st.integers(0, 9), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(PLAIN)
def test_plain_values(tmp_path_factory, value):
    assert out_and_in(value, tmp_path_factory.mktemp("plain")) == value


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["u1", "i4", "i8", "f4", "f8", "?"]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays(tmp_path_factory, array):
    found = out_and_in(array, tmp_path_factory.mktemp("array"))
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_frames_keep_types_index_order_and_coordinate_system(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "name": ["</script>", None, "سلام 😀"],
            "count": pd.array([1, None, 3], dtype="Int64"),
            "share": [0.1, np.nan, -np.inf],
            "yes": [True, False, True],
            "mixed": [1.5, "x", None],
            "fits": [("community", "street"), (), None],
            5: np.array([1, 2, 3], dtype="u1"),
        },
        geometry=[shapely.Point(1 / 3, 2), None, shapely.box(0, 0, 1, 1)],
        index=pd.Index(["b", "a", "c"], name="id"), crs=CRS,
    )  # fmt: skip
    found = out_and_in(frame, tmp_path)
    gpd.testing.assert_geodataframe_equal(found, frame)
    plain = pd.DataFrame({"a": [1, 2]})
    pd.testing.assert_frame_equal(out_and_in(plain, tmp_path), plain)
    pd.testing.assert_frame_equal(out_and_in(plain[:0], tmp_path), plain[:0])


@pytest.mark.parametrize("items", [
    ["x", None, "", "x"], [None, None], [float("nan"), "x", None], [1, "x"], [True, "True"],
    [("a",), None], [],
])  # fmt: skip
def test_columns_of_texts_and_of_anything(tmp_path, items):
    column = np.empty(len(items), dtype=object)
    column[:] = items
    found = out_and_in(column, tmp_path)
    assert found.dtype == object
    # Told apart by their type, too: nothing known is a number that is none.
    assert list(map(repr, found)) == list(map(repr, items))


def test_missing_values_of_pandas_stay_missing(tmp_path):
    frame = pd.DataFrame(
        {
            "text": pd.Series(["a", None, "b"], dtype="str"),
            "place": gpd.GeoSeries([shapely.Point(1, 2), None, shapely.Point()]),
            "day": pd.Series(["2024-01-01", None, "2024-01-03"], dtype="datetime64[ns]"),
        }
    )
    before = frame.copy()
    found = out_and_in(frame, tmp_path)
    pd.testing.assert_frame_equal(found, before)
    # Nor does keeping change what is kept.
    pd.testing.assert_frame_equal(frame, before)


def test_a_network_and_a_study(tmp_path):
    network = make_network({0: (0, 0), 1: (9, 0)}, [(0, 1)], names=["一号路"])
    found = out_and_in({"network": network, "nothing": float("nan")}, tmp_path)
    assert np.isnan(found["nothing"])
    assert found["network"].crs == network.crs
    assert found["network"].xy.tolist() == network.xy.tolist()
    assert found["network"].walker == PACKAGED_WALKERS["flat-900"]
    pd.testing.assert_frame_equal(found["network"].ways, network.ways)
    study = Study(name="x", boundary="b.geojson", facilities={"file": "f.csv"})
    assert out_and_in(study, tmp_path) == study


def test_the_same_value_gives_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"name": ["b", "a", None, "b"]})
    one, other = io.BytesIO(), io.BytesIO()
    write_columns(frame, one)
    write_columns(frame.copy(), other)
    assert one.getvalue() == other.getvalue()


@pytest.mark.parametrize("value", [object(), {1, 2}, pytest, np.array([[None]]), b"bytes"])
def test_what_cannot_be_kept_is_refused(value):
    with pytest.raises(TypeError):
        write_columns(value, io.BytesIO())


def archive_of(tree, path: Path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tree.json", json.dumps(tree))
    return path


@pytest.mark.parametrize(
    "tree",
    [
        {"is": "dataclass", "of": "os:system", "fields": {}},
        {"is": "dataclass", "of": "..os:system", "fields": {}},
        {"is": "dataclass", "of": "cache:digest", "fields": {}},
        {"is": "dataclass", "of": "cli:main", "fields": {}},
        {"is": "model", "of": "pieces:Pieces", "values": {}},
        {"is": "dataclass", "of": "pieces:Pieces", "fields": {"edge": 1}},
        {"is": "array", "column": 7, "shape": [1]},
        {"is": "wolf"},
        {"no": "kind"},
    ],
)
def test_a_forged_file_makes_nothing(tmp_path, tree):
    with pytest.raises(ColumnsError):
        read_columns(archive_of(tree, tmp_path / "forged.columns"))


def test_every_cut_and_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "value.columns"
    value = {"a": np.arange(40), "name": np.array(["x", None], dtype=object)}
    with path.open("wb") as file:
        write_columns(value, file)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ColumnsError):
            read_columns(path)
    for position in range(0, len(whole), 5):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        try:
            found = read_columns(path)
        except ColumnsError:
            continue
        # Bytes of the archive that mean nothing: dates, flags, names of its makers.
        assert found["a"].tolist() == list(range(40))
        assert found["name"].tolist() == ["x", None]


def test_a_file_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_columns(tmp_path / "none.columns")

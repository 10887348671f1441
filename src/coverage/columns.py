"""Results of steps as columns in a file, and back again, equal to the last bit.

A ``.columns`` file is a zip archive, stored and not compressed. ``tree.json`` holds the structure;
every column lies beside it as ``<number>.npy`` in NumPy's own format. In the tree a plain value
stands for itself, and everything else is an object with the key ``is``:

``array`` (``column``); ``text`` (``column`` numbers the entries of ``of``; -1 is None);
``shapes`` (WKB bytes one after the other in ``column``, ends in ``ends``); ``shape`` (WKB as hex);
``frame`` (``names`` and ``columns``, ``index``, ``crs`` where a geometry column is, and its name);
``list``, ``tuple``, ``dict`` (``items``); ``float`` (those that JSON has no word for); ``path``;
and a dataclass or a model of this package (``of`` names it, ``fields`` or ``values``).

Nothing in such a file is run: only this package's own classes are made from it.
"""

import dataclasses
import io
import json
import math
import zipfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pydantic import BaseModel

from .errors import CareCircleError

_ENDING = ".npy"
_TREE = "tree.json"
_OLDEST = (1980, 1, 1, 0, 0, 0)


class ColumnsError(CareCircleError, ValueError):
    """A file of columns is not whole, or not one of ours."""


def write_columns(value: object, to: IO[bytes]) -> None:
    """Write a value.

    Parameters
    ----------
    value
        Numbers, texts, arrays, frames, geometries, and this package's dataclasses and models of
        them, in lists, tuples and dictionaries.
    to
        An open binary file.

    Raises
    ------
    TypeError
        For a value of another kind.
    """
    columns: list[NDArray[Any]] = []
    tree = _tree(value, columns)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as archive:
        for number, column in enumerate(columns):
            entry = zipfile.ZipInfo(f"{number}{_ENDING}", _OLDEST)
            with archive.open(entry, "w", force_zip64=True) as file:
                _write(column, file)
        archive.writestr(zipfile.ZipInfo(_TREE, _OLDEST), json.dumps(tree, ensure_ascii=False))


def read_columns(path: Path) -> Any:
    """Read a value.

    Raises
    ------
    ColumnsError
        When the file is cut short, altered, or none of ours.
    FileNotFoundError, NotADirectoryError
        When it is not there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            tree = json.loads(archive.read(_TREE))
            columns: dict[int, NDArray[Any]] = {
                # Reading an entry checks its sum.
                int(name.removesuffix(_ENDING)): _read(archive.read(name))
                for name in archive.namelist()
                if name != _TREE
            }
        return _value(tree, columns)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (
        zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError,
        EOFError, ImportError, NotImplementedError, shapely.errors.ShapelyError,
    ) as error:  # fmt: skip
        raise ColumnsError(f"{path.name} is not whole ({error}).") from error


def _write(column: NDArray[Any], file: IO[bytes]) -> None:
    """Write an array, contiguous and without objects, in NumPy's format.

    In one go: `numpy.lib.format`, which does not know that the file is one, goes by small copies.
    """
    header = np.lib.format.header_data_from_array_1_0(column)
    np.lib.format.write_array_header_1_0(file, header)
    file.write(column.reshape(-1).view(np.uint8).data)


def _read(entry: bytes) -> NDArray[Any]:
    """Return the array in NumPy's format that `_write` wrote."""
    header = io.BytesIO(entry)
    if np.lib.format.read_magic(header) != (1, 0):
        raise ValueError("a column of another version")
    shape, by_column, kind = np.lib.format.read_array_header_1_0(header)
    if by_column or kind.hasobject:
        raise ValueError("a column of another kind")
    # Bytes that may be changed, as those of any array.
    return np.ndarray(shape, kind, buffer=bytearray(entry), offset=header.tell())


def _tree(value: Any, columns: list[NDArray[Any]]) -> Any:
    if isinstance(value, np.generic):
        return _tree(value.item(), columns)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value, columns)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {"is": "dataclass", "of": _name(value), "fields": _items(fields, columns)}
    raise TypeError(f"a {type(value).__name__} cannot be kept in columns")


def _items(values: Mapping[str, Any], columns: list[NDArray[Any]]) -> dict[str, Any]:
    return {key: _tree(value, columns) for key, value in values.items()}


def _name(value: object) -> str:
    kind = type(value)
    if kind.__module__.split(".")[0] != __package__:
        raise TypeError(f"a {kind.__name__} is none of this package's and cannot be kept")
    return f"{kind.__module__.removeprefix(f'{__package__}.')}:{kind.__qualname__}"


def _column(array: NDArray[Any], columns: list[NDArray[Any]]) -> int:
    columns.append(np.ascontiguousarray(array))
    return len(columns) - 1


def _array(array: NDArray[Any], columns: list[NDArray[Any]]) -> dict[str, Any]:
    if array.dtype != object:
        # ascontiguousarray would make one dimension of none.
        return {"is": "array", "column": _column(array, columns), "shape": list(array.shape)}
    if array.ndim != 1:
        raise TypeError("objects are kept in columns of one dimension only")
    geometric = shapely.is_geometry(array)
    if geometric.any():
        if not _all_none(array[~geometric]):
            raise TypeError("a column holds geometries or texts, not both")
        wkb = [b"" if item is None else item for item in shapely.to_wkb(array)]
        return {
            "is": "shapes",
            "column": _column(np.frombuffer(b"".join(wkb), dtype=np.uint8), columns),
            "ends": _column(np.cumsum([len(item) for item in wkb], dtype=np.int64), columns),
        }
    if pd.api.types.infer_dtype(array) in ("string", "empty"):
        number, texts = pd.factorize(array)
        if _all_none(array[number < 0]):
            return {"is": "text", "column": _column(number, columns), "of": texts.tolist()}
    return {"is": "objects", "items": [_tree(item, columns) for item in array]}


def _all_none(items: NDArray[np.object_]) -> bool:
    # Counted by the list: most tags of most ways are none, and a loop would be the longest part.
    return bool(items.tolist().count(None) == len(items))


def _frame(frame: pd.DataFrame, columns: list[NDArray[Any]]) -> dict[str, Any]:
    spatial = isinstance(frame, gpd.GeoDataFrame)
    kept = []
    for position in range(frame.shape[1]):
        series = frame.iloc[:, position]
        if isinstance(series.dtype, np.dtype):
            plain = np.asarray(series)
        else:
            plain = np.array(series, dtype=object)
            plain[series.isna().to_numpy()] = None
        kept.append({"type": str(series.dtype), "values": _array(plain, columns)})
    index = frame.index
    ranged = isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
    return {
        "is": "frame",
        "names": _tree(list(frame.columns), columns),
        "columns": kept,
        "index": len(frame) if ranged else _array(np.asarray(index), columns),
        "index_type": str(index.dtype),
        "index_name": _tree(index.name, columns),
        "geometry": frame.geometry.name if spatial else None,
        "crs": str(frame.crs) if spatial and frame.crs is not None else None,
    }


_WRITERS: tuple[tuple[Any, Callable[[Any, list[NDArray[Any]]], dict[str, Any]]], ...] = (
    (np.ndarray, _array),
    (pd.DataFrame, _frame),
    (shapely.Geometry, lambda v, _: {"is": "shape", "wkb": shapely.to_wkb(v, hex=True)}),
    (tuple, lambda v, c: {"is": "tuple", "items": [_tree(item, c) for item in v]}),
    (list, lambda v, c: {"is": "list", "items": [_tree(item, c) for item in v]}),
    (Mapping, lambda v, c: {
        "is": "dict", "items": [[_tree(key, c), _tree(item, c)] for key, item in v.items()]}),
    (Path, lambda v, _: {"is": "path", "value": str(v)}),
    (BaseModel, lambda v, _: {
        "is": "model", "of": _name(v), "values": v.model_dump(mode="json")}),
)  # fmt: skip


def _value(tree: Any, columns: Mapping[int, NDArray[Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    kind = tree["is"]
    if kind == "dict":
        return {_value(key, columns): _value(item, columns) for key, item in tree["items"]}
    return _READERS[kind](tree, columns)


def _as_array(tree: Any, columns: Mapping[int, NDArray[Any]]) -> NDArray[Any]:
    if tree["is"] == "array":
        return columns[tree["column"]].reshape(tree["shape"])
    if tree["is"] == "text":
        texts = np.array([*tree["of"], None], dtype=object)
        return np.asarray(texts[columns[tree["column"]]])
    if tree["is"] == "shapes":
        whole = columns[tree["column"]].tobytes()
        ends = columns[tree["ends"]].tolist()
        wkb = [whole[begin:end] or None for begin, end in zip([0, *ends], ends, strict=False)]
        return np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
    items = np.empty(len(tree["items"]), dtype=object)
    items[:] = [_value(item, columns) for item in tree["items"]]
    return items


def _as_frame(tree: Any, columns: Mapping[int, NDArray[Any]]) -> pd.DataFrame:
    names = _value(tree["names"], columns)
    index: pd.Index = (
        pd.RangeIndex(tree["index"])
        if isinstance(tree["index"], int)
        else pd.Index(_as_array(tree["index"], columns), dtype=tree["index_type"])
    )
    index = index.rename(_value(tree["index_name"], columns))
    kept = []
    for column in tree["columns"]:
        values = _as_array(column["values"], columns)
        if column["type"] == "geometry":
            kept.append(pd.Series(gpd.array.GeometryArray(values), index=index))
        else:
            # Without its type, pandas would guess anew what texts are.
            kept.append(pd.Series(values, index=index, dtype=column["type"]))
    frame: pd.DataFrame = pd.concat(kept, axis=1) if kept else pd.DataFrame(index=index)
    frame.columns = pd.Index(names)
    if tree["geometry"] is None:
        return frame
    spatial: pd.DataFrame = gpd.GeoDataFrame(frame, geometry=tree["geometry"], crs=tree["crs"])
    return spatial


def _own_class(name: str) -> Any:
    module, _, qualname = name.partition(":")
    found = getattr(import_module(f".{module}", __package__), qualname)
    if not (isinstance(found, type) and found.__module__ == f"{__package__}.{module}"):
        raise ValueError(f"{name} is no class of this package")
    return found


def _as_dataclass(tree: Any, columns: Mapping[int, NDArray[Any]]) -> Any:
    made: Any = _own_class(tree["of"])
    if not hasattr(made, "__dataclass_fields__"):
        raise ValueError(f"{tree['of']} is no dataclass")
    return made(**{key: _value(item, columns) for key, item in tree["fields"].items()})


def _as_model(tree: Any, _: Mapping[int, NDArray[Any]]) -> BaseModel:
    model: type[BaseModel] = _own_class(tree["of"])
    if not issubclass(model, BaseModel):
        raise ValueError(f"{tree['of']} is no model")
    return model.model_validate(tree["values"])


_READERS: Mapping[str, Callable[[Any, Mapping[int, NDArray[Any]]], Any]] = {
    **dict.fromkeys(("array", "text", "shapes", "objects"), _as_array),
    "frame": _as_frame,
    "shape": lambda tree, _: shapely.from_wkb(tree["wkb"]),
    "tuple": lambda tree, columns: tuple(_value(item, columns) for item in tree["items"]),
    "list": lambda tree, columns: [_value(item, columns) for item in tree["items"]],
    "float": lambda tree, _: float(tree["value"]),
    "path": lambda tree, _: Path(tree["value"]),
    "dataclass": _as_dataclass,
    "model": _as_model,
}

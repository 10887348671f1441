"""GeoJSON and GeoPackage read as a table of text and a position for each feature."""

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from ..errors import Findings, InputError, Problem
from .tables import fold, require_file


def read_map_points(
    path: Path, *, purpose: str, layer: str | None = None, findings: Findings
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Read the features of a map file.

    Parameters
    ----------
    path
        GeoJSON or GeoPackage.
    purpose
        What it is, for messages.
    layer
        Which layer; needed when there are several.
    findings
        Takes a problem for each feature without a geometry, and a warning when a point inside
        stands for lines or polygons.

    Returns
    -------
    table
        The attributes as text; the index, named ``feature``, counts from 1.
    lon, lat
        Degrees; NaN where a feature has no geometry. Coordinates in another system are converted.

    Raises
    ------
    InputError
        When the file cannot be read, or does not say its coordinate system.
    """
    frame = _read(require_file(path, purpose), purpose, layer)
    features = pd.RangeIndex(1, len(frame) + 1, name="feature")
    shapes = frame.geometry.to_crs("EPSG:4326").to_numpy()
    table = pd.DataFrame(
        {fold(str(name)): [_text(value) for value in frame[name]]
         for name in frame.columns.drop(frame.geometry.name)},
        index=features, dtype=str,
    )  # fmt: skip
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for feature in features[missing]:
        findings.problem(
            f"{path.name}, feature {feature}",
            "has no geometry, or a broken one.",
            "Give it a point or delete it.",
        )
    drawn = ~missing & (shapely.get_type_id(shapes) != 0)
    # A MultiPoint with one point is how some programs write a point.
    single = shapely.get_num_geometries(shapes) == 1
    if (shown := drawn & ~(single & (shapely.get_type_id(shapes) == 4))).any():
        numbers = features[shown]
        findings.warn(
            path, f"{len(numbers)} features are not points; a point inside stands for each: "
            + ", ".join(map(str, numbers[:20])) + (" …" if len(numbers) > 20 else ""),
        )  # fmt: skip
    points = shapes.copy()
    points[drawn] = shapely.point_on_surface(shapes[drawn])
    points[missing] = None
    return (
        table,
        pd.Series(shapely.get_x(points), index=features),
        pd.Series(shapely.get_y(points), index=features),
    )


def _read(path: Path, purpose: str, layer: str | None) -> gpd.GeoDataFrame:
    try:
        # Programs keep tables without geometry, such as styles, beside the layers.
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if layer is None and len(layers) > 1:
            raise InputError(
                Problem(path.name, f"{purpose}: has several layers: {', '.join(layers)}.",
                        'Write sheet = "…" in the study, with one of these names.')
            )  # fmt: skip
        if layer is not None and layer not in layers:
            raise InputError(
                Problem(path.name, f"{purpose}: has no layer '{layer}'; its layers: "
                        f"{', '.join(layers)}.", "Write one of these as sheet in the study.")
            )  # fmt: skip
        with warnings.catch_warnings():
            # GDAL warns of a broken shape without saying whose; it comes as missing and is named.
            warnings.simplefilter("ignore", RuntimeWarning)
            chosen = layer or next(iter(layers), None)
            frame = gpd.read_file(path, layer=chosen, on_invalid="ignore")
    except InputError:
        raise
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
            UnicodeDecodeError, ValueError) as error:  # fmt: skip
        raise InputError(
            Problem(str(path), f"{purpose}: is not a map file that can be read ({error}).",
                    "Give GeoJSON or GeoPackage.")
        ) from error  # fmt: skip
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise InputError(Problem(str(path), f"{purpose}: holds no features.", "Export it again."))
    if frame.crs is None:
        raise InputError(
            Problem(str(path), f"{purpose}: does not say its coordinate system.",
                    "Save it with one, best as GeoJSON in WGS-84.")
        )  # fmt: skip
    return frame


def _text(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()

"""Polygons: the study area's boundary and the areas to report by."""

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from ..errors import Findings, InputError, Problem
from ..study import Study
from .tables import require_file

POLYGONS = (3, 6)
"""Polygons and multipolygons, as shapely numbers types of geometry."""

_OVERLAP_SHARE = 0.001
"""Overlaps below this share of the smaller polygon are drawing inaccuracies."""


def read_boundary(path: Path, findings: Findings) -> shapely.Geometry:
    """Return the union of a file's polygons as one valid EPSG:4326 geometry.

    Raises
    ------
    InputError
        When the file cannot be read or holds no polygon.
    """
    return read_polygons(path, purpose="boundary", findings=findings).union_all()


def read_areas(
    path: Path, name_column: str, findings: Findings, *, purpose: str = "areas"
) -> gpd.GeoDataFrame:
    """Read named polygons.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage or Shapefile.
    name_column
        The column with the areas' names.
    findings
        Takes the warnings: mended geometries, overlaps.
    purpose
        What they are, for messages.

    Returns
    -------
    areas
        Valid EPSG:4326 polygons with the file's columns; the index is the name.

    Raises
    ------
    InputError
        When the file cannot be read, lacks the column, or names are empty or not unique.
    """
    areas = read_polygons(path, purpose=purpose, findings=findings)
    if name_column not in areas.columns:
        found = ", ".join(map(str, areas.columns.drop(areas.geometry.name))) or "none"
        raise InputError(
            Problem(
                path.name,
                f"{purpose}: the column '{name_column}' is missing; found: {found}.",
                "Set name_column to the column that holds the names.",
            )
        )
    names = areas[name_column].astype("string").str.strip().fillna("")
    local = Findings()
    for feature in np.flatnonzero(names == ""):
        local.problem(
            f"{path.name}, feature {feature + 1}", f"its '{name_column}' is empty.", "Name it."
        )
    for value, group in names[names != ""].groupby(names[names != ""]).groups.items():
        if len(group) > 1:
            local.problem(
                f"{path.name}", f"the name '{value}' stands there {len(group)} times.",
                "Every area needs a name of its own.",
            )  # fmt: skip
    local.raise_if_any()
    areas = areas.set_axis(names.astype(object).rename("area"), axis=0)
    warn_of_overlaps(areas, path, findings)
    return areas


def read_polygons(path: Path, *, purpose: str, findings: Findings) -> gpd.GeoDataFrame:
    """Read a polygon file into EPSG:4326, mending invalid polygons with a warning."""
    frame = read_shapes(path, purpose=purpose, kinds=POLYGONS, wanted=("polygon",))
    shapes = frame.geometry.to_numpy()
    local = Findings()
    for feature in np.flatnonzero(~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[feature])
        parts = shapely.get_parts(shapely.make_valid(shapes[feature]))
        shapes[feature] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), POLYGONS)])
        if shapely.area(shapes[feature]) > 0:
            findings.warn(path, f"feature {feature + 1} was mended ({reason})")
    for feature in np.flatnonzero(shapely.area(shapes) == 0):
        local.problem(
            f"{path.name}, feature {feature + 1}",
            f"{purpose}: has no area; its points lie on one line or in one place.",
            "Draw it again or delete it.",
        )
    local.raise_if_any()
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def read_shapes(
    path: Path, *, purpose: str, kinds: tuple[int, ...], wanted: tuple[str, ...]
) -> gpd.GeoDataFrame:
    """Read a map file into EPSG:4326.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage or Shapefile.
    purpose
        What it is, for messages.
    kinds
        The types of geometry to accept, as shapely numbers them.
    wanted
        What to call one of each in messages.

    Raises
    ------
    InputError
        When the file cannot be read, does not say its coordinate system, or has shapes that are of
        another kind, missing or not in degrees; names all of these.
    """
    require_file(path, purpose)
    one, many = " or ".join(wanted), " or ".join(f"{kind}s" for kind in wanted)
    try:
        # Programs keep tables without geometry, such as styles, beside the layers.
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if len(layers) > 1:
            raise InputError(
                Problem(path.name, f"{purpose}: has several layers: {', '.join(layers)}.",
                        "Save the right one as a file of its own.")
            )  # fmt: skip
        with warnings.catch_warnings():
            # GDAL warns of a broken shape without saying whose; it comes as missing and is named.
            warnings.simplefilter("ignore", RuntimeWarning)
            frame = gpd.read_file(path, layer=next(iter(layers), None), on_invalid="ignore")
    except InputError:
        raise
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
            shapely.errors.GEOSException, UnicodeDecodeError, ValueError) as error:  # fmt: skip
        raise InputError(
            Problem(str(path), f"{purpose}: is not a map file that can be read ({error}).",
                    "Give GeoJSON, GeoPackage or Shapefile.")
        ) from error  # fmt: skip
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise InputError(Problem(str(path), f"{purpose}: holds no {many}.", "Export it again."))
    if frame.crs is None:
        raise InputError(
            Problem(str(path), f"{purpose}: does not say its coordinate system.",
                    "Save it with one, best as GeoJSON in WGS-84.")
        )  # fmt: skip
    frame = frame.to_crs("EPSG:4326")
    shapes = frame.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    types = shapely.get_type_id(shapes)
    local = Findings()
    for feature in np.flatnonzero(~empty & ~np.isin(types, kinds)):
        local.problem(
            f"{path.name}, feature {feature + 1}",
            f"{purpose}: is a {shapes[feature].geom_type}, not a {one}.",
            f"Keep {many} only.",
        )
    for feature in np.flatnonzero(empty):
        local.problem(
            f"{path.name}, feature {feature + 1}",
            f"{purpose}: has no geometry, or a broken one (such as a ring that is not closed).",
            "Draw it again or delete it.",
        )
    bounds = shapely.bounds(shapes)
    for feature in np.flatnonzero(
        ~empty
        & ((np.abs(bounds[:, [0, 2]]) > 180).any(1) | (np.abs(bounds[:, [1, 3]]) > 90).any(1))
    ):
        local.problem(
            f"{path.name}, feature {feature + 1}",
            f"{purpose}: its coordinates are not degrees.",
            "Save the file with its own coordinate system.",
        )
    local.raise_if_any()
    return frame


def warn_of_overlaps(areas: gpd.GeoDataFrame, path: Path, findings: Findings) -> None:
    """Warn of areas (index: name) that share more than drawing inaccuracies."""
    shapes = areas.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = left < right
    left, right = left[pairs], right[pairs]
    shared = shapely.area(shapely.intersection(shapes[left], shapes[right]))
    smaller = np.minimum(shapely.area(shapes[left]), shapely.area(shapes[right]))
    for one, other in zip(left[shared > _OVERLAP_SHARE * smaller],
                          right[shared > _OVERLAP_SHARE * smaller], strict=True):  # fmt: skip
        findings.warn(
            path,
            f"'{areas.index[one]}' and '{areas.index[other]}' overlap; "
            "what lies in both is counted in the first",
        )


def excluded_area(study: Study, crs: str, findings: Findings) -> shapely.Geometry | None:
    """Return where nothing may open (``[siting] excluded``), in `crs`; None where all may be used.

    Raises
    ------
    InputError
        When the file cannot be used.
    """
    if study.siting is None or study.siting.excluded is None:
        return None
    polygons = read_polygons(
        study.path(study.siting.excluded), purpose="excluded areas", findings=findings
    )
    return polygons.to_crs(crs).union_all()

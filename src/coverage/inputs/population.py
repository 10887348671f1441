"""Numbers of people by area."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from ..errors import Findings, InputError
from .areas import read_polygons


def read_population(
    path: Path, *, population_column: str, elderly_column: str, findings: Findings
) -> gpd.GeoDataFrame:
    """Read polygons with numbers of people.

    Returns
    -------
    population
        EPSG:4326 polygons; columns ``population`` and ``elderly``, people.

    Raises
    ------
    InputError
        Listing every missing column and every number that is absent, negative or no number.
    """
    frame = read_polygons(path, purpose="population", findings=findings)
    local = Findings()
    values = {}
    for key, column in (("population", population_column), ("elderly", elderly_column)):
        if column not in frame.columns:
            found = ", ".join(map(str, frame.columns.drop(frame.geometry.name)))
            local.problem(path, f"population: the column '{column}' is missing; found: {found}.",
                          f"Set {key}_column.")  # fmt: skip
            continue
        values[key] = pd.to_numeric(frame[column], errors="coerce")
        for feature in np.flatnonzero(~(values[key] >= 0)):
            local.problem(
                f"{path.name}, feature {feature + 1}, {column}",
                f"'{frame[column].iloc[feature]}' is not a number of people.",
                "Write a whole number, 0 or more.",
            )
    if not local.problems:
        for feature in np.flatnonzero(values["elderly"] > values["population"]):
            local.problem(
                f"{path.name}, feature {feature + 1}", "has more elderly people than people.",
                "Check the two columns.",
            )  # fmt: skip
    if local.problems:
        raise InputError(*local.problems)
    return frame[[frame.geometry.name]].assign(**values)

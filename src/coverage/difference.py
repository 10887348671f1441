"""Two finished runs side by side: before and after, two walkers, two years of streets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from .cards import card, datum, folded, notices, table
from .inputs.finished_run import read_runs
from .outputs.difference_map import difference_html
from .outputs.page import Page
from .outputs.payload_difference import difference_title
from .run_changes import Changes, changes_of

_HEADS = (
    ("层级", "Tier"), ("街道 前", "Street before"), ("街道 后", "Street after"),
    ("老年人 前", "Elderly before"), ("老年人 后", "Elderly after"), ("新增", "Gained"),
    ("失去", "Lost"), ("其他", "Other"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Difference(Changes):
    """What differs between two runs; see `coverage.run_changes.Changes` for what it holds."""

    def __repr__(self) -> str:
        told = ", ".join(f"{key} {value:+g}" for key, value in self.table["change"].items())
        return f"<Difference, elderly people covered: {told}>"

    def _repr_html_(self) -> str:
        """Return the headline table as Jupyter shows it."""
        said = [f"{what}: {a} → {b}" for what, a, b in self.settings.itertuples(index=False)]
        return card(
            f"{datum(self.before.folder)} → {datum(self.after.folder)}",
            notices(self.warnings),
            table(_HEADS, [_row(str(key), row) for key, row in self.table.iterrows()]),
            folded(f"{len(said)} 处设置不同 differences in the studies", said),
        )

    def map(self, *, height_px: int = 680) -> Page:
        """Return the map of what differs, as ``diff.html`` has it."""
        return Page(difference_title(self), difference_html(self), height_px)


def compare_runs(folder_a: str | Path, folder_b: str | Path) -> Difference:
    """Compare two finished runs.

    Parameters
    ----------
    folder_a, folder_b
        Folders of results, or names of studies with results in ``data/processed``: before, after.

    Raises
    ------
    InputError
        With every problem of both folders.
    """
    before, after = read_runs(folder_a, folder_b)
    return Difference(**changes_of(before, after))


def _row(key: str, row: pd.Series) -> list[str]:
    other = row["new"] - row["vanished"] + row["recounted"]
    people = [row["before"], row["after"], row["gained"], row["lost"], other]
    return [
        key, f"{row['km_before']:,.1f} km", f"{row['km_after']:,.1f} km",
        *("—" if np.isnan(value) else f"{value:,.0f}" for value in people),
    ]  # fmt: skip

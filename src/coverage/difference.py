"""Two finished runs side by side: before and after, two walkers, two years of streets."""

from dataclasses import dataclass
from pathlib import Path

from .cards import card, datum, folded, notices, table
from .changes import Changes, changes_of
from .inputs.finished_run import read_runs
from .outputs.difference_map import difference_html, shown_rows
from .outputs.page import Page


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Difference(Changes):
    """What differs between two runs; see `coverage.changes.Changes` for what it holds."""

    def map(self, *, height_px: int = 820) -> Page:
        """Return the map with its swipe handle: shown inline by Jupyter, ``.save(path)`` writes it.

        Parameters
        ----------
        height_px
            How high it is inline, pixels.
        """
        title = f"{self.before.summary['study']} → {self.after.summary['study']}"
        return Page(title, difference_html(self), height_px)

    def __repr__(self) -> str:
        told = ", ".join(f"{key} {value:+g}" for key, value in self.table["change"].items())
        return f"<Difference, elderly people covered: {told}>"

    def _repr_html_(self) -> str:
        """Return the headline table as Jupyter shows it."""
        heads, rows = shown_rows(self)
        said = [f"{what}: {a} → {b}" for what, a, b in self.settings.itertuples(index=False)]
        return card(
            f"{datum(self.before.folder)} → {datum(self.after.folder)}",
            notices(self.warnings),
            table(heads, rows),
            folded(f"{len(said)} 处设置不同 differences in the studies", said),
        )


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

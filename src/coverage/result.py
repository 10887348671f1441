"""What an analysis found, with what one does next with it: look, save, ask."""

from dataclasses import dataclass
from pathlib import Path

from .findings import Findings
from .outputs.store import save


@dataclass(frozen=True, slots=True)
class Result(Findings):
    """What an analysis found; see `coverage.findings.Findings` for what it holds."""

    def save(self, folder: Path) -> Path:
        """Write the files of the run; see `coverage.save`."""
        return save(self, folder)

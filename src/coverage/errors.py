"""Every exception of the package. Each is also a builtin, and each says what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class CareCircleError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    what
        What is wrong, and where.
    do
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, do: str = "") -> None:
        self.what = what
        self.do = do
        super().__init__(f"{what} {do}".strip())


PROBLEMS_SHOWN = 40
"""How many problems a message lists; more would push the first out of the terminal."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where, what was found, what to do."""

    where: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.do}".strip()


class InputError(CareCircleError, ValueError):
    """Something in the inputs cannot be used; holds every problem found, not only the first.

    The message lists the first `PROBLEMS_SHOWN`; ``problems`` has them all.
    """

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        lines = [str(problem) for problem in problems[:PROBLEMS_SHOWN]]
        if len(problems) > 1:
            lines = [f"{len(problems)} problems in the inputs:", *(f"  - {line}" for line in lines)]
        if (more := len(problems) - PROBLEMS_SHOWN) > 0:
            lines.append(f"  … and {more} more")
        super().__init__("\n".join(lines))


class UsageError(CareCircleError, ValueError):
    """The call itself does not fit: an unknown study, walker or option value."""

    exit_code = 2


class DownloadError(CareCircleError, ConnectionError):
    """A server could not be reached, or did not answer as it should."""


class OutputError(CareCircleError, OSError):
    """The results could not be written; earlier results are as they were."""


@dataclass(slots=True)
class Findings:
    """Collects the problems and the warnings of the inputs, so that all are told at once."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def problem(self, where: str | Path, what: str, do: str = "") -> None:
        """Note something that makes an input unusable."""
        self.problems.append(Problem(_shown(where), what, do))

    def warn(self, where: str | Path, what: str) -> None:
        """Note something that a planner should know and that does not stop the run."""
        self.warnings.append(f"{_shown(where)}: {what}")

    def raise_if_any(self) -> None:
        """Raise one `InputError` with all problems, if there are any."""
        if self.problems:
            raise InputError(*self.problems)

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Turn an `InputError` raised inside into entries of this collection."""
        try:
            yield
        except InputError as error:
            self.problems.extend(error.problems)


def _shown(where: str | Path) -> str:
    return where.name if isinstance(where, Path) else where

"""Results of steps kept between runs, found again by what they were made from.

A step's key is the hash of its name, of this program's own source, and of all that it uses: the
bytes of files, values of the study, and the keys of the steps before it. What has the same key is
the same result, so nothing is ever out of date; it is only no longer asked for.
"""

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from .columns import ColumnsError, read_columns, write_columns

T = TypeVar("T")

_ENDING = ".columns"
_MOST_BYTES = 8 * 1024**3
"""More than this is cut back to, the longest unused first."""


class Keep(Protocol):
    """Runs a step, or knows its result."""

    def __call__(self, step: str, compute: Callable[[], T], /, *uses: object) -> T:
        """Return what `compute` gives for these `uses`."""


def compute_anew(_step: str, compute: Callable[[], T], *_uses: object) -> T:
    """Keep nothing: run every step."""
    return compute()


@dataclass(slots=True)
class Cache:
    """A folder of results of steps.

    Attributes
    ----------
    folder
        Where they are; made when the first is kept. A file that cannot be read is computed anew,
        one that cannot be written is done without.
    fresh
        Read nothing, and keep what is computed.
    from_cache, computed
        Names of the steps of this run, in order.
    troubles
        What went wrong with the folder, in words; results are right all the same.

    Notes
    -----
    What is handed in and given back must not be changed afterwards: a value is known again as the
    object it is, so that a network that ten steps use is hashed once.
    """

    folder: Path
    fresh: bool = False
    from_cache: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _known: dict[int, tuple[object, str]] = field(default_factory=dict)

    def __call__(self, step: str, compute: Callable[[], T], *uses: object) -> T:
        """Return the kept result of a step, or compute and keep it.

        Parameters
        ----------
        step
            Its name, the beginning of the file's.
        compute
            Gives the result; called only when there is none.
        uses
            All that the result depends on, of the kinds that `write_columns` takes.
        """
        key = digest(step, *map(self._digest_of, uses))
        path = self.folder / f"{step.replace(' ', '-')}-{key}{_ENDING}"
        if not self.fresh:
            try:
                value: T = read_columns(path)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except ColumnsError as error:
                self.troubles.append(f"cache: {error.what} It was computed anew.")
            else:
                self.from_cache.append(step)
                _touch(path)
                self._learn(value, key)
                return value
        value = compute()
        self.computed.append(step)
        self._keep(path, value)
        self._learn(value, key)
        return value

    def _digest_of(self, value: object) -> str:
        if id(value) in self._known:
            return self._known[id(value)][1]
        parts = _parts(value)
        # Of what is made of parts, those known already need no second look.
        found = (
            digest(value)
            if parts is None
            else digest(type(value).__name__, *(self._digest_of(part) for part in parts))
        )
        self._remember(value, found)
        return found

    def _learn(self, value: object, key: str) -> None:
        """Know a step's result, and the parts of one that has several, by the step's key."""
        self._remember(value, key)
        for place, part in enumerate(_parts(value) or ()):
            # Small things may be one object in many places, which no step's key stands for.
            if isinstance(part, np.ndarray | pd.DataFrame) or is_dataclass(part):
                self._remember(part, f"{key}.{place}")

    def _remember(self, value: object, found: str) -> None:
        # Plain values may be one object in many places, and are quickly hashed.
        if value is not None and not isinstance(value, bool | int | float | str | tuple):
            # The first name stays: a step may hand on what another gave it.
            self._known.setdefault(id(value), (value, found))

    def trim(self, most_bytes: int = _MOST_BYTES) -> None:
        """Remove what was not used for longest, until the rest fits."""
        try:
            found = [(path, path.stat()) for path in self.folder.glob(f"*{_ENDING}*")]
        except OSError:
            return
        newest_first = sorted(found, key=lambda entry: -entry[1].st_mtime)
        total = 0
        for path, about in newest_first:
            total += about.st_size
            if total > most_bytes:
                _remove(path)

    def _keep(self, path: Path, value: object) -> None:
        unfinished = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Two runs may keep the same result at once: each writes its own file, and the last
            # to be renamed stays.
            with tempfile.NamedTemporaryFile(
                dir=self.folder, prefix=path.name, suffix=f".{os.getpid()}", delete=False
            ) as file:
                unfinished = Path(file.name)
                write_columns(value, file)
            unfinished.replace(path)
        except OSError as error:
            self.troubles.append(
                f"cache: {self.folder} cannot be written to ({error.strerror or error}); "
                "the next run will compute this step again."
            )
            if unfinished is not None:
                _remove(unfinished)
        # All there is, to be raised again: an interrupt, too, must leave no half file.
        except BaseException:
            if unfinished is not None:
                _remove(unfinished)
            raise


def digest(*uses: object) -> str:
    """Return the hash of values and of this program's source, 32 hex digits."""
    buffer = BytesIO()
    write_columns(list(uses), buffer)
    whole = hashlib.blake2b(own_source().encode(), digest_size=16)
    whole.update(buffer.getbuffer())
    return whole.hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@functools.cache
def own_source() -> str:
    """Return the hash of all code of this package, the pages' too: other code, other results."""
    whole = hashlib.blake2b(digest_size=16)
    modules: list[tuple[str, Any]] = []
    folders = [("", resources.files(__package__))]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                folders.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.endswith((".py", ".js", ".css")):
                modules.append((f"{prefix}{entry.name}", entry))
    for name, module in sorted(modules, key=lambda pair: pair[0]):
        whole.update(name.encode())
        whole.update(module.read_bytes())
    return whole.hexdigest()


def _parts(value: object) -> list[Any] | None:
    """Return what a value is made of, with the names of the parts; None for one that is whole."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, tuple | list):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [part for f in fields(value) for part in (f.name, getattr(value, f.name))]
    return None


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError:
        return  # a folder that may only be read is still of use


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return

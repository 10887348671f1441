"""Finding a study: the packaged ones by name, any other by the path of its TOML."""

import difflib
import tempfile
import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from .errors import InputError, OutputError, Problem, UsageError
from .inputs.sample import write_sample
from .study import Study, study_from_toml

SAMPLE = "sample"


def packaged_studies() -> dict[str, str]:
    """Return the packaged studies' names and titles."""
    titles = {SAMPLE: "示例山城 Synthetic sample town (no download)"}
    for toml in sorted(_packaged_folder().iterdir(), key=lambda file: file.name):
        if toml.name.endswith(".toml"):
            values = tomllib.loads(toml.read_text(encoding="utf-8"))
            titles[values["name"]] = values["title"]
    return titles


def load_study(
    study: str | Path = SAMPLE, *, raw: Path = Path("data/raw"), **changes: Any
) -> Study:
    """Load a study by its packaged name or from a TOML file.

    Parameters
    ----------
    study
        ``sample``, ``yuzhong``, ``central-chongqing``, or the path of a TOML file or of a folder
        with a ``study.toml`` in it.
    raw
        Folder in which a packaged study looks for its inputs, each in a folder of its name. The
        sample writes its inputs there.
    changes
        Values that replace the file's own, with dots written as double underscores:
        ``walker="adult"``, ``network__rules="osmnx-walk"``. Paths among them are seen from the
        working directory. None leaves the file's value.

    Returns
    -------
    study
        The validated study.

    Raises
    ------
    UsageError
        When no study of this name or path exists.
    InputError
        When the TOML cannot be used; names every key that is wrong.
    OutputError
        When the sample's inputs cannot be written.
    """
    name = str(study)
    if name == SAMPLE:
        toml = _written_sample(raw / SAMPLE)
        text, base = toml.read_text(encoding="utf-8"), toml.parent
    elif name in packaged_studies():
        text, base = (_packaged_folder() / f"{name}.toml").read_text(encoding="utf-8"), raw / name
    else:
        toml = Path(study)
        toml = toml / "study.toml" if toml.is_dir() else toml
        text, base = _read_toml(toml), toml.parent
    return study_from_toml(text, source=name, base=base, changes=changes)


def init_study(folder: Path) -> Path:
    """Write a working study with a template of every input, and return its TOML.

    Raises
    ------
    UsageError
        When the folder already holds something: nothing of the user's is overwritten.
    OutputError
        When it cannot be made or written to.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not an empty folder.", "Choose a new one.")
    return _written_sample(folder)


def _written_sample(folder: Path) -> Path:
    """Write the sample beside its folder and move it in file by file, for runs at the same time."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sample-", dir=folder.parent) as scratch:
            toml = write_sample(Path(scratch))
            for file in sorted(Path(scratch).iterdir()):
                file.replace(folder / file.name)
        return folder / toml.name
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to ({error.strerror or error}).",
            "Choose a folder that can, or run from one.",
        ) from error


def _packaged_folder() -> Traversable:
    return files(__package__) / "studies"


def _read_toml(path: Path) -> str:
    if not path.is_file():
        known = packaged_studies()
        close = difflib.get_close_matches(str(path), known, n=1)
        guess = f" Did you mean '{close[0]}'?" if close else ""
        raise UsageError(
            f"There is no study '{path}'.{guess}",
            f"Give a TOML file, or one of {', '.join(known)}; "
            "`care-circle init DIR` makes a template.",
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            Problem(str(path), "is not UTF-8 text.", "Save the study file as UTF-8.")
        ) from error

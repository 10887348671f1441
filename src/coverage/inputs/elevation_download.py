"""The elevation of a study area from a public bucket: fetched, checked, kept, cut out."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
import shapely

from .. import __version__
from ..errors import DownloadError, InputError, OutputError, Problem, UsageError
from .download import MissingError, UnreachableError, WrongAnswerError, discard, download
from .elevation_mosaic import MARGIN_CELLS, is_mosaic, merge_tiles
from .elevation_tiles import (
    ATTRIBUTION,
    ElevationSource,
    NotThisTileError,
    Tile,
    check_tile,
    tiles_for,
    unpack,
)

ShowBytes = Callable[[str, int, int | None], None]
"""Takes a tile's name, the bytes that are there, and those of the whole (or None)."""

RETRY_WAITS_S: tuple[float, ...] = (5.0, 30.0)
"""Seconds waited before each further try when a server is busy or breaks off."""

TILES_MAX = 100
"""Most tiles fetched for one study; the whole municipality of Chongqing needs some 25."""


@dataclass(frozen=True, slots=True)
class FetchedTiles:
    """What `fetch_tiles` leaves.

    Attributes
    ----------
    paths
        The files, in the order of the tiles.
    missing
        Tiles that the collection does not have: sea, or not published.
    notes
        What a planner should know, such as a damaged file that was fetched again.
    """

    paths: tuple[Path, ...]
    missing: tuple[Tile, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `fetch_elevation` leaves.

    Attributes
    ----------
    path
        The raster of the study area.
    tiles
        The tiles that it was cut from.
    missing
        Tiles that the collection does not have; their cells are empty, which is not 0 m.
    attribution
        What has to be shown with anything made from it.
    notes
        What a planner should know.
    """

    path: Path
    tiles: tuple[Path, ...]
    missing: tuple[Tile, ...]
    attribution: str
    notes: tuple[str, ...]


def fetch_elevation(
    area: shapely.Geometry,
    out: Path,
    *,
    source: ElevationSource = "glo30",
    folder: Path | None = None,
    base_url: str | None = None,
    progress: ShowBytes | None = None,
    timeout_s: float = 30.0,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    overwrite: bool = False,
) -> Fetched:
    """Make the elevation raster of an area, fetching the tiles that are not there yet.

    With all tiles there and whole, no server is asked. The raster names its source and the
    notice to show in its own metadata (``TIFFTAG_IMAGEDESCRIPTION``, ``TIFFTAG_COPYRIGHT``).

    Parameters
    ----------
    area
        The study area with the margin of its network, EPSG:4326.
    out
        The raster to write. One that this function wrote is replaced, in one step.
    source
        As in `tiles_for`.
    folder
        Where the tiles are kept; ``elevation-tiles`` beside `out` unless given. Studies may share
        one.
    base_url, progress, timeout_s, retry_waits_s
        As in `fetch_tiles`.
    overwrite
        Whether to replace a file that came from elsewhere.

    Raises
    ------
    UsageError
        When `out` came from elsewhere and may not be replaced.
    InputError
        When the area is empty, not in degrees, or larger than `TILES_MAX` tiles.
    DownloadError, OutputError
        As in `fetch_tiles`; an earlier `out` is as it was.
    """
    if out.exists() and not overwrite and not is_mosaic(out):
        raise UsageError(
            f"{out} is there already and did not come from this command.",
            "Move it away, or say that it may be replaced (--overwrite).",
        )
    # Heights are read between cells, so those just beyond the area count as well.
    tiles = tiles_for(shapely.buffer(area, MARGIN_CELLS / 3600), source)
    if len(tiles) > TILES_MAX:
        raise InputError(
            Problem(
                "study area",
                f"spans {len(tiles)} degree cells; at most {TILES_MAX} are fetched.",
                "Check the place or the boundary.",
            )
        )
    kept = fetch_tiles(
        tiles, folder or out.parent / "elevation-tiles",
        base_url=base_url, progress=progress, timeout_s=timeout_s, retry_waits_s=retry_waits_s,
    )  # fmt: skip
    merge_tiles(kept.paths, area, out, title=source, notice=ATTRIBUTION[source])
    return Fetched(
        path=out, tiles=kept.paths, missing=kept.missing, attribution=ATTRIBUTION[source],
        notes=kept.notes,
    )  # fmt: skip


def fetch_tiles(
    tiles: Sequence[Tile],
    folder: Path,
    *,
    base_url: str | None = None,
    progress: ShowBytes | None = None,
    timeout_s: float = 30.0,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
) -> FetchedTiles:
    """Bring tiles into a folder, asking a server only for what is not there already.

    A file is taken when its SHA-256 is the one written beside it in ``<file>.sha256``; without
    that (a file put there by hand) when it is the tile and can be read to its last cell. A
    damaged one is fetched again and replaced when the new one is whole. A tile that the server
    does not have leaves ``<file>.missing``, with the address; it is not asked for again.

    Parameters
    ----------
    tiles
        From `tiles_for`.
    folder
        Made if missing.
    base_url
        A mirror with the paths of the bucket.
    progress
        Called with a tile's name, the bytes that are there and those of the whole (or None).
    timeout_s
        Longest silence of the server, seconds.
    retry_waits_s
        Seconds before each further try; a server's Retry-After prolongs them.

    Raises
    ------
    DownloadError
        When a tile cannot be had, or none is in the collection. It names, for every tile still
        lacking, the address to open by hand and where to put the file.
    OutputError
        When the folder cannot be written.
    """
    notes: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lacking = [tile for tile in tiles if not _is_settled(tile, folder, base_url, notes)]
        failed, gone = _fetch(lacking, folder, base_url, progress, timeout_s, retry_waits_s)
        missing = [tile for tile in tiles if tile in gone or _is_missing(tile, folder, base_url)]
        if not failed and len(missing) < len(tiles):
            for tile in gone:
                _missing_file(tile, folder).write_text(tile.url_at(base_url), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"The elevation tiles cannot be written to {folder} ({error}).",
            "Free some space, or choose another folder.",
        ) from error
    if failed:
        raise _lacking_error(failed, notes, folder, base_url)
    if tiles and len(missing) == len(tiles):
        reason = "the collection has none of them (sea, or not published)"
        raise _lacking_error(dict.fromkeys(missing, reason), notes, folder, base_url)
    found = tuple(folder / tile.file_name for tile in tiles if tile not in missing)
    return FetchedTiles(paths=found, missing=tuple(missing), notes=tuple(notes))


def _fetch(
    lacking: Sequence[Tile],
    folder: Path,
    base_url: str | None,
    progress: ShowBytes | None,
    timeout_s: float,
    retry_waits_s: Sequence[float],
) -> tuple[dict[Tile, str], list[Tile]]:
    """Fetch what is lacking; return why a tile failed, and the tiles that are not there."""
    failed: dict[Tile, str] = {}
    gone: list[Tile] = []
    if not lacking:
        return failed, gone
    with requests.Session() as session:
        session.headers["User-Agent"] = f"care-circle/{__version__}"
        for tile in lacking:
            part = folder / f"{tile.packed_name}.part"

            def show(have: int, total: int | None, name: str = tile.name) -> None:
                if progress is not None:
                    progress(name, have, total)

            try:
                download(
                    session, tile.url_at(base_url), part,
                    progress=show, timeout_s=timeout_s, retry_waits_s=retry_waits_s,
                )  # fmt: skip
                _settle(tile, part, folder)
            except MissingError:
                gone.append(tile)
            except UnreachableError as error:
                # The others live on the same server.
                waiting = lacking[lacking.index(tile) :]
                return failed | dict.fromkeys(waiting, str(error)), gone
            except WrongAnswerError as error:
                failed[tile] = str(error)
            except NotThisTileError as error:
                failed[tile] = f"{tile.url_at(base_url)} {error}"
                discard(part)
    return failed, gone


def _is_settled(tile: Tile, folder: Path, base_url: str | None, notes: list[str]) -> bool:
    """Say whether nothing has to be asked for a tile; take what was put there by hand."""
    path, packed = folder / tile.file_name, folder / tile.packed_name
    try:
        if path.is_file():
            _verify(tile, path)
            return True
    except NotThisTileError as error:
        notes.append(f"{path}: {error}; fetched again.")
    try:
        if packed != path and packed.is_file():
            _settle(tile, packed, folder)
            return True
    except NotThisTileError as error:
        notes.append(f"{packed}: {error}; fetched instead.")
    return not path.is_file() and _is_missing(tile, folder, base_url)


def _verify(tile: Tile, path: Path) -> None:
    expected = _sha256_file(path)
    if not expected.is_file():
        check_tile(tile, path)
        _write_sha256(path)
    elif not expected.read_text(encoding="utf-8", errors="replace").startswith(_sha256(path)):
        raise NotThisTileError(
            f"is damaged: it does not match {expected.name} (if you put it there yourself, "
            f"delete {expected.name})"
        )


def _settle(tile: Tile, received: Path, folder: Path) -> None:
    """Check a received file, unpack it if it is packed, and move it to its place in one step."""
    target = folder / tile.file_name
    ready = received
    if tile.source == "srtm":
        # GDAL knows an HGT by its name alone, so the new one waits in a folder of its own.
        ready = folder / "unpacking" / tile.file_name
        ready.parent.mkdir(exist_ok=True)
    try:
        if ready != received:
            unpack(received, ready)
        check_tile(tile, ready)
        # In this order a break in between leaves a file without a sum, never with another's.
        _sha256_file(target).unlink(missing_ok=True)
        ready.replace(target)
        _write_sha256(target)
    finally:
        if ready != received:
            shutil.rmtree(ready.parent, ignore_errors=True)
    _missing_file(tile, folder).unlink(missing_ok=True)
    if received.suffix == ".part":
        discard(received)


def _lacking_error(
    lacking: Mapping[Tile, str], notes: Sequence[str], folder: Path, base_url: str | None
) -> DownloadError:
    reasons = "; ".join(dict.fromkeys(lacking.values()))
    told = "".join(f" {note}" for note in notes).replace("; fetched again.", ".")
    by_hand = "\n".join(
        f"  {tile.url_at(base_url)}\n    -> {folder / tile.packed_name}" for tile in lacking
    )
    empty = next(iter(lacking)).file_name + ".missing"
    return DownloadError(
        f"{len(lacking)} elevation tile{'s' * (len(lacking) > 1)} could not be fetched: {reasons}."
        f"{told}",
        "Run the same command again later: it goes on where it stopped. Or open each address in a "
        "browser, on any computer, and put the file where the arrow points, then run again:\n"
        f"{by_hand}\n"
        "An address that is not there (404, NoSuchKey) is sea: put an empty file beside the others "
        f"instead, named like {empty}",
    )


def _is_missing(tile: Tile, folder: Path, base_url: str | None) -> bool:
    marker = _missing_file(tile, folder)
    return marker.is_file() and marker.read_text(encoding="utf-8", errors="replace").strip() in (
        "", tile.url_at(base_url)
    )  # fmt: skip


def _missing_file(tile: Tile, folder: Path) -> Path:
    return folder / f"{tile.file_name}.missing"


def _sha256_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_sha256(path: Path) -> None:
    # The form that `sha256sum --check` reads.
    _sha256_file(path).write_text(f"{_sha256(path)}  {path.name}\n", encoding="utf-8", newline="\n")

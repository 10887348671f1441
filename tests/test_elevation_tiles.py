"""Elevation tiles against a small local server that is good, slow, cut off, wrong or not there."""

import gzip
import hashlib
import io
import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning

import coverage.inputs.download as transport
from coverage.errors import DownloadError, InputError, OutputError, UsageError
from coverage.inputs.elevation_download import fetch_elevation, fetch_tiles
from coverage.inputs.elevation_mosaic import NODATA, merge_tiles
from coverage.inputs.elevation_tiles import ATTRIBUTION, Tile, tiles_for

SIDE = 40
"""Cells along a degree in the GLO-30 stand-ins; the real ones have 3600."""
HGT_BYTES = 3601 * 3601 * 2
YUZHONG = shapely.box(106.49, 29.53, 106.59, 29.57)
SEAM = shapely.box(106.9, 29.3, 107.2, 29.5)
WAITS = (0.01, 0.01)


# --- stand-ins for tiles --------------------------------------------------------------------------


def glo30_bytes(west: int, south: int, *, first: float = 0.0, side: int = SIDE, **changes) -> bytes:
    """Return a GeoTIFF whose cells, as GLO-30's, lie half a cell north-west of their degree.

    Its values count up from `first`, row by row.
    """
    half = 0.5 / side
    values = first + np.arange(side * side, dtype=np.float32).reshape(side, side)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "float32",
        "crs": "EPSG:4326", "tiled": True, "blockxsize": 16, "blockysize": 16,
        "transform": Affine(1 / side, 0, west - half, 0, -1 / side, south + 1 + half),
    }  # fmt: skip
    profile |= changes
    with warnings.catch_warnings(), rasterio.MemoryFile() as memory:
        # One stand-in is without a place, on purpose.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(**profile) as raster:
            raster.write(np.stack([values] * profile["count"]))
        return bytes(memory.getbuffer())


def hgt_bytes(value: int = 250) -> bytes:
    return np.full(HGT_BYTES // 2, value, dtype=">i2").tobytes()


# --- the server -----------------------------------------------------------------------------------


@dataclass
class Asked:
    path: str
    range: str | None
    if_range: str | None


@dataclass
class Server:
    """Has files; `faults` are what it does wrong, once each, before it does right."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Callable[[BaseHTTPRequestHandler, bytes], bool]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    etags: dict[str, str] = field(default_factory=dict)
    honours_range: bool = True

    def __post_init__(self) -> None:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = self.headers
                owner.asked.append(Asked(self.path, headers["Range"], headers["If-Range"]))
                body = owner.files.get(self.path[1:])
                if owner.faults and owner.faults.pop(0)(self, body or b""):
                    return
                if body is None:
                    answer(self, 404, b"<Error><Code>NoSuchKey</Code></Error>")
                    return
                etag = owner.etags.get(self.path[1:], f'"{hashlib.md5(body).hexdigest()}"')
                start = owner._start(self, etag)
                if start and start >= len(body):
                    answer(self, 416, b"", **{"Content-Range": f"bytes */{len(body)}"})
                elif start:
                    span = f"bytes {start}-{len(body) - 1}/{len(body)}"
                    answer(self, 206, body[start:], ETag=etag, **{"Content-Range": span})
                else:
                    answer(self, 200, body, ETag=etag)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Clients that hang up are part of the tests; the server need not print it.
        self.http.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def _start(self, request: BaseHTTPRequestHandler, etag: str) -> int:
        given = re.fullmatch(r"bytes=(\d+)-", request.headers["Range"] or "")
        if not given or not self.honours_range or request.headers["If-Range"] != etag:
            return 0
        return int(given[1])

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def answer(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> bool:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
    return True


def says(status: int, body: bytes = b"", **headers: str):
    return lambda request, _: answer(request, status, body, **headers)


def breaks_off_after(count: int):
    """Promise the whole file, send some bytes of it."""

    def fault(request: BaseHTTPRequestHandler, body: bytes) -> bool:
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        return answer(request, 200, body[:count], ETag=etag, **{"Content-Length": str(len(body))})

    return fault


def is_silent(request: BaseHTTPRequestHandler, _: bytes) -> bool:
    time.sleep(0.5)
    return True


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    running = Server()
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "tiles"


@pytest.fixture
def fetch(server, folder):
    def fetch(tiles, **options):
        settings = {"base_url": server.url, "timeout_s": 5.0, "retry_waits_s": WAITS}
        return fetch_tiles(tiles, folder, **(settings | options))

    return fetch


@pytest.fixture
def one(server) -> Tile:
    """The tile of Yuzhong, which the server has."""
    (tile,) = tiles_for(YUZHONG)
    server.files[tile.key] = glo30_bytes(106, 29)
    return tile


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def whole(tile: Tile) -> list[str]:
    return [tile.file_name, f"{tile.file_name}.sha256"]


# --- which tiles ----------------------------------------------------------------------------------


def test_the_tile_of_yuzhong_has_its_public_address():
    (tile,) = tiles_for(YUZHONG, "glo30")
    assert tile.url == (
        "https://copernicus-dem-30m.s3.amazonaws.com/"
        "Copernicus_DSM_COG_10_N29_00_E106_00_DEM/Copernicus_DSM_COG_10_N29_00_E106_00_DEM.tif"
    )
    assert (tile.name, tile.bounds) == ("N29E106", (106, 29, 107, 30))
    (tile,) = tiles_for(YUZHONG, "srtm")
    assert tile.url == "https://s3.amazonaws.com/elevation-tiles-prod/skadi/N29/N29E106.hgt.gz"
    assert (tile.file_name, tile.packed_name) == ("N29E106.hgt", "N29E106.hgt.gz")


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        (shapely.box(106.9, 29.9, 107.1, 30.1), ["N29E106", "N29E107", "N30E106", "N30E107"]),
        (shapely.box(-0.5, -0.5, 0.5, 0.5), ["S01W001", "S01E000", "N00W001", "N00E000"]),
        (shapely.box(-73.2, -10.5, -73.1, -10.4), ["S11W074"]),
        # Ends on the common side: the neighbour is only touched.
        (shapely.box(106.5, 29.5, 107.0, 30.0), ["N29E106"]),
        (shapely.box(179.5, 89.5, 180.0, 90.0), ["N89E179"]),
        # An L around a cell that its rectangle covers.
        (
            shapely.box(105.5, 28.5, 107.5, 29.9) - shapely.box(105.6, 28.6, 107.6, 29.9),
            ["N28E105", "N28E106", "N28E107", "N29E105"],
        ),
        (shapely.Point(106.5, 29.5), ["N29E106"]),
        (shapely.Point(106, 29), ["N29E106"]),
        (
            shapely.GeometryCollection([shapely.Point(1.5, 1.5), shapely.box(3.1, 1.1, 3.2, 1.2)]),
            ["N01E001", "N01E003"],
        ),
    ],
)  # fmt: skip
def test_cells_that_the_area_really_meets(area, expected):
    assert [tile.name for tile in tiles_for(area)] == expected


@pytest.mark.parametrize("area", [shapely.box(640000, 3260000, 650000, 3270000), shapely.Polygon()])
def test_an_area_that_is_no_area(area):
    with pytest.raises(InputError, match=r"study area: is (not in degrees|empty)"):
        tiles_for(area)


# --- fetching -------------------------------------------------------------------------------------


def test_a_tile_is_fetched_once(server, fetch, one, folder):
    told = []
    found = fetch([one], progress=lambda *seen: told.append(seen))
    size = len(server.files[one.key])
    assert found.paths == (folder / one.file_name,)
    assert found.paths[0].read_bytes() == server.files[one.key]
    assert (found.missing, found.notes) == ((), ())
    assert (told[0], told[-1]) == (("N29E106", 0, size), ("N29E106", size, size))
    assert names(folder) == whole(one)
    sha256 = hashlib.sha256(server.files[one.key]).hexdigest()
    assert (folder / whole(one)[1]).read_text() == f"{sha256}  {one.file_name}\n"
    assert fetch([one]) == found
    assert len(server.asked) == 1


def test_with_all_there_no_server_is_needed(fetch, one, folder):
    fetch([one])
    assert fetch([one], base_url="http://127.0.0.1:9").paths == (folder / one.file_name,)


@pytest.mark.parametrize(
    "fault",
    [says(429), says(503), says(500), breaks_off_after(1000), is_silent],
    ids=["429", "503", "500", "cut off", "silent"],
)
def test_a_passing_fault_is_waited_out(server, fetch, one, folder, fault):
    server.faults = [fault]
    fetch([one], timeout_s=0.2)
    assert len(server.asked) == 2
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [
        ("7", 7.0),
        ("86400", transport.RETRY_AFTER_MAX_S),
        ("soon", 0.01),
        ("0", 0.01),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.01),
        (format_datetime(datetime.now(UTC) + timedelta(days=1)), transport.RETRY_AFTER_MAX_S),
    ],
)
def test_retry_after_is_kept_within_bounds(server, fetch, one, monkeypatch, retry_after, waited):
    slept = []
    monkeypatch.setattr(transport.time, "sleep", slept.append)
    server.faults = [says(429, **{"Retry-After": retry_after})]
    fetch([one])
    assert slept == [waited]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (says(503), "is too busy .503"),
        (says(403), "answered 403"),
        (breaks_off_after(1000), "broke off"),
        (is_silent, "broke off .*ReadTimeout"),
        (says(200, b"<html>Sign in</html>"), "is a web page, not a tile"),
        (says(200, b"nothing of the kind"), "is not a raster"),
        (says(200, b""), "is not a raster"),
        (says(200, glo30_bytes(107, 29)), "lies elsewhere .*106.9875"),
        (says(200, glo30_bytes(106, 29, count=2)), "has 2 bands"),
        (says(200, glo30_bytes(106, 29, crs=None)), "no coordinate system"),
        (says(200, glo30_bytes(106, 29, transform=None, crs=None)), "no coordinate system"),
        (says(200, glo30_bytes(106, 29, crs="EPSG:32648")), "EPSG:32648"),
        (says(200, glo30_bytes(106, 29)[:-600]), "is not a raster that can be read"),
        (says(200, glo30_bytes(106, 29), ETag=f'"{"0" * 32}"'), "arrived damaged .MD5"),
        (says(206, b"half"), "answered 206"),
        (says(416), "answered 416"),
    ],
)  # fmt: skip
def test_a_lasting_fault_says_what_to_do_by_hand(server, fetch, one, folder, fault, said):
    server.honours_range = False
    server.faults = [fault] * 3
    with pytest.raises(DownloadError, match=said) as caught:
        fetch([one], timeout_s=0.2)
    assert str(caught.value).startswith("1 elevation tile could not be fetched: ")
    assert f"{one.url_at(server.url)}\n    -> {folder / one.file_name}\n" in str(caught.value)
    assert not {*names(folder)} & {*whole(one)}
    # What was wrong is not taken for the beginning of the right one.
    server.faults = []
    fetch([one])
    assert names(folder) == whole(one)


def test_no_server_at_all(fetch, folder, server):
    tiles = tiles_for(SEAM)
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"2 elevation tiles .*reached .New.*refused") as caught:
        fetch(tiles, base_url="http://127.0.0.1:9", retry_waits_s=(30, 30))
    assert time.monotonic() - began < 5
    for tile in tiles:
        assert f"  http://127.0.0.1:9/{tile.key}\n    -> {folder / tile.file_name}\n" in str(
            caught.value
        )


def test_an_unknown_host_and_no_address(fetch, one, monkeypatch):
    def lookup(*_, **__):
        raise transport.urllib3.exceptions.NameResolutionError("h", None, OSError("unknown"))

    with monkeypatch.context() as patch:
        patch.setattr("urllib3.util.connection.create_connection", lookup)
        with pytest.raises(DownloadError, match=r"nowhere\.invalid cannot be reached"):
            fetch([one], base_url="http://nowhere.invalid")
    with pytest.raises(DownloadError, match="is not an address"):
        fetch([one], base_url="mirror")


def test_only_what_still_lacks_is_listed(server, fetch, folder):
    west, east = tiles_for(SEAM)
    server.files = {west.key: glo30_bytes(106, 29), east.key: b"<html>"}
    with pytest.raises(DownloadError) as caught:
        fetch([west, east])
    assert west.key not in str(caught.value)
    assert str(folder / east.file_name) in str(caught.value)
    assert names(folder) == whole(west)


def test_one_bad_tile_does_not_keep_the_others_away(server, fetch, folder):
    west, east = tiles_for(SEAM)
    server.files = {west.key: b"<html>", east.key: glo30_bytes(107, 29)}
    with pytest.raises(DownloadError, match="1 elevation tile"):
        fetch([west, east])
    assert names(folder) == whole(east)


# --- resuming -------------------------------------------------------------------------------------


def leave_half(server, fetch, tile, count=2000, **options) -> None:
    server.faults = [breaks_off_after(count)]
    with pytest.raises(DownloadError, match="broke off"):
        fetch([tile], retry_waits_s=(), **options)


def test_only_the_rest_is_asked_for(server, fetch, one, folder):
    leave_half(server, fetch, one)
    assert (folder / f"{one.file_name}.part").stat().st_size == 2000
    told = []
    fetch([one], progress=lambda *seen: told.append(seen[1:]))
    size = len(server.files[one.key])
    assert [asked.range for asked in server.asked] == [None, "bytes=2000-"]
    assert (told[0], told[-1]) == ((2000, size), (size, size))
    assert (folder / one.file_name).read_bytes() == server.files[one.key]
    assert names(folder) == whole(one)


def test_a_program_killed_half_way(server, fetch, one, folder):
    def killed(name, have, total):
        if have:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([one], progress=killed)
    part = folder / f"{one.file_name}.part"
    part.write_bytes(part.read_bytes()[:1234])
    fetch([one])
    assert server.asked[-1].range == "bytes=1234-"
    assert names(folder) == whole(one)


def test_a_server_that_knows_no_ranges_starts_again(server, fetch, one, folder):
    leave_half(server, fetch, one)
    server.honours_range = False
    fetch([one])
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


def test_a_file_that_changed_in_between_starts_again(server, fetch, one, folder):
    leave_half(server, fetch, one)
    server.files[one.key] = glo30_bytes(106, 29, first=5.0)
    fetch([one])
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


@pytest.mark.parametrize(
    "fault",
    [
        says(206, b"x" * 10, **{"Content-Range": "bytes 0-9/7000"}),
        says(206, b"x" * 10, ETag='"another"', **{"Content-Range": "bytes 2000-2009/2010"}),
        says(206, b"x" * 10),
        says(416, **{"Content-Range": "bytes */7"}),
        says(416),
    ],
)
def test_an_answer_that_does_not_go_on_starts_again(server, fetch, one, folder, fault):
    leave_half(server, fetch, one)
    server.faults = [fault]
    fetch([one], retry_waits_s=())
    assert [asked.range for asked in server.asked] == [None, "bytes=2000-", None]
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


def test_killed_between_the_last_byte_and_the_check(server, fetch, one, folder):
    leave_half(server, fetch, one)
    (folder / f"{one.file_name}.part").write_bytes(server.files[one.key])
    fetch([one])
    assert len(server.asked) == 2
    assert names(folder) == whole(one)


def test_a_beginning_of_unknown_version_is_not_used(server, fetch, one, folder):
    folder.mkdir()
    (folder / f"{one.file_name}.part").write_bytes(b"x" * 100)
    fetch([one])
    assert server.asked[0].range is None
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


def test_a_damaged_beginning_is_noticed_and_thrown_away(server, fetch, one, folder):
    leave_half(server, fetch, one)
    (folder / f"{one.file_name}.part").write_bytes(b"x" * 2000)
    fetch([one])
    assert [asked.range for asked in server.asked] == [None, "bytes=2000-", None]
    assert names(folder) == whole(one)


def test_an_etag_of_several_pieces_is_no_md5(server, fetch, one, folder):
    server.etags[one.key] = f'"{"0" * 32}-3"'
    fetch([one])
    assert names(folder) == whole(one)


def test_a_body_without_end_is_no_tile(server, fetch, one, folder, monkeypatch):
    monkeypatch.setattr(transport, "BYTES_MAX", 3000)
    with pytest.raises(DownloadError, match="sends more than"):
        fetch([one])
    assert names(folder) == []


# --- what is there already ------------------------------------------------------------------------


def test_a_damaged_file_is_fetched_again_and_told(server, fetch, one, folder):
    path = fetch([one]).paths[0]
    damaged = bytearray(path.read_bytes())
    damaged[-100] ^= 1
    path.write_bytes(damaged)
    (note,) = fetch([one]).notes
    assert note.startswith(f"{path}: is damaged")
    assert path.read_bytes() == server.files[one.key]
    assert fetch([one]).notes == ()


def test_a_damaged_file_without_a_server(fetch, one, folder):
    path = fetch([one]).paths[0]
    path.write_bytes(b"damaged")
    with pytest.raises(DownloadError, match=r"cannot be reached .* is damaged: .*\.sha256"):
        fetch([one], base_url="http://127.0.0.1:9")
    assert path.read_bytes() == b"damaged"


def test_a_bad_download_leaves_the_good_file(server, fetch, one, folder):
    good = fetch([one]).paths[0].read_bytes()
    (folder / f"{one.file_name}.sha256").write_text("of another version")
    server.files[one.key] = b"<html>"
    with pytest.raises(DownloadError):
        fetch([one])
    assert (folder / one.file_name).read_bytes() == good


def test_a_file_put_there_by_hand_is_taken(server, fetch, one, folder):
    folder.mkdir()
    (folder / one.file_name).write_bytes(server.files[one.key])
    fetch([one])
    assert server.asked == []
    assert names(folder) == whole(one)


def test_a_wrong_file_put_there_by_hand_is_not(server, fetch, one, folder):
    folder.mkdir()
    (folder / one.file_name).write_bytes(b"<Error>NoSuchKey</Error>")
    (note,) = fetch([one]).notes
    assert "is a web page" in note
    assert (folder / one.file_name).read_bytes() == server.files[one.key]


def test_a_tile_at_sea_is_missing_and_not_asked_for_again(server, fetch, folder):
    west, east = tiles_for(SEAM)
    server.files[west.key] = glo30_bytes(106, 29)
    found = fetch([west, east])
    assert (found.paths, found.missing) == ((folder / west.file_name,), (east,))
    asked = len(server.asked)
    assert fetch([west, east]) == found
    assert len(server.asked) == asked
    # Another mirror may have it.
    with pytest.raises(DownloadError, match="1 elevation tile"):
        fetch([west, east], base_url="http://127.0.0.1:9")
    (folder / f"{east.file_name}.missing").write_text("")
    assert fetch([west, east], base_url="http://127.0.0.1:9") == found


def test_nothing_but_sea(server, fetch, folder):
    for _ in range(2):
        with pytest.raises(DownloadError, match="the collection has none of them"):
            fetch(tiles_for(SEAM))
    # A wrong address of a mirror leaves nothing behind.
    assert names(folder) == []


def test_a_folder_that_cannot_be_written(tmp_path, one, server):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written to"):
        fetch_tiles([one], tmp_path / "file", base_url=server.url)


# --- SRTM -----------------------------------------------------------------------------------------


@pytest.fixture
def srtm(server) -> Tile:
    (tile,) = tiles_for(YUZHONG, "srtm")
    server.files[tile.key] = gzip.compress(hgt_bytes(), 1)
    return tile


def test_an_hgt_is_unpacked_and_read_by_its_name(server, fetch, srtm, folder):
    (path,) = fetch([srtm]).paths
    assert names(folder) == ["N29E106.hgt", "N29E106.hgt.sha256"]
    assert path.stat().st_size == HGT_BYTES
    with rasterio.open(path) as raster:
        assert raster.shape == (3601, 3601)
        assert raster.read(1, window=((0, 2), (0, 2))).tolist() == [[250, 250], [250, 250]]
    fetch([srtm])
    assert len(server.asked) == 1


def test_a_server_that_calls_the_packed_file_an_encoding(server, fetch, srtm, folder):
    body = server.files[srtm.key]
    server.faults = [
        says(200, body, **{"Content-Encoding": "gzip"}, ETag=f'"{hashlib.md5(body).hexdigest()}"')
    ]
    fetch([srtm])
    assert names(folder) == ["N29E106.hgt", "N29E106.hgt.sha256"]


def bomb() -> bytes:
    """Return some 200 kB that unpack to 200 MB."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as packed:
        for _ in range(200):
            packed.write(bytes(2**20))
    return target.getvalue()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (bomb(), "unpacks to more bytes"),
        (gzip.compress(b"short"), "unpacks to 5 bytes"),
        (gzip.compress(os.urandom(10_000))[:5000], "cannot be unpacked"),
        (b"<html>Sign in</html>", "is a web page"),
        (b"neither", "cannot be unpacked"),
    ],
    ids=["bomb", "short", "cut", "html", "other"],
)
def test_what_is_no_packed_hgt(server, fetch, srtm, folder, body, said):
    server.files[srtm.key] = body
    with pytest.raises(DownloadError, match=said) as caught:
        fetch([srtm])
    assert f"-> {folder / 'N29E106.hgt.gz'}\n" in str(caught.value)
    assert names(folder) == []


@pytest.mark.parametrize("packed", [True, False])
def test_a_packed_hgt_put_there_by_hand(server, fetch, srtm, folder, packed):
    folder.mkdir()
    by_hand = folder / "N29E106.hgt.gz"
    by_hand.write_bytes(server.files[srtm.key] if packed else hgt_bytes())
    (folder / "N29E106.hgt").write_bytes(b"damaged")
    fetch([srtm], base_url="http://127.0.0.1:9")
    assert names(folder) == ["N29E106.hgt", "N29E106.hgt.gz", "N29E106.hgt.sha256"]


# --- the raster of the study ----------------------------------------------------------------------


@pytest.fixture
def two(folder) -> tuple[Path, Path]:
    """Two tiles side by side; cell (r, c) holds 40 r + c in the west, 10000 + that in the east."""
    folder.mkdir()
    paths = folder / "west.tif", folder / "east.tif"
    paths[0].write_bytes(glo30_bytes(106, 29))
    paths[1].write_bytes(glo30_bytes(107, 29, first=10_000))
    return paths


def test_values_across_the_seam(two, tmp_path):
    """A degree has 40 cells; the area is 0.2° by 0.1° about the seam, 3 cells kept around it.

    ::

        lat 29.55 ┌────┬────┐   its rows:    30 - 29.55 = 0.45 = 18 cells → row 18.5 - 3 → 15
                  │    │    │                30 - 29.45 = 0.55 = 22 cells → row 22.5 + 3 → 25
        lat 29.45 └────┴────┘   its columns: 106.9 → 36.5 - 3 → 33; 107.1 → 44.5 + 3 → 47
               106.9  107  107.1
    """
    out = merge_tiles(two, shapely.box(106.9, 29.45, 107.1, 29.55), tmp_path / "elevation.tif")
    with rasterio.open(out) as raster:
        cells = raster.read(1)
        assert raster.bounds == pytest.approx(
            (106 + 32.5 / 40, 30 - 25.5 / 40, 107 + 7.5 / 40, 30 - 14.5 / 40)
        )
        assert (raster.crs, raster.nodata, raster.dtypes) == ("EPSG:4326", NODATA, ("float32",))
    rows, columns = np.mgrid[15:26, 33:48]
    west, east = 40 * rows + columns, 10_000 + 40 * rows + columns - 40
    assert np.array_equal(cells, np.where(columns < 40, west, east))


def test_the_same_tiles_give_the_same_bytes(two, tmp_path):
    first = merge_tiles(two, SEAM, tmp_path / "a.tif", title="glo30", notice="©").read_bytes()
    again = merge_tiles(two[::-1], SEAM, tmp_path / "b.tif", title="glo30", notice="©")
    assert again.read_bytes() == first


def test_an_area_in_one_tile_ends_where_the_tile_ends(two, tmp_path):
    area = shapely.box(106.0, 29.0, 106.1, 29.1)
    with rasterio.open(merge_tiles(two[:1], area, tmp_path / "elevation.tif")) as raster:
        assert raster.bounds.left == pytest.approx(106 - 0.5 / 40)
        assert raster.bounds.bottom == pytest.approx(29 + 0.5 / 40)
        assert (raster.read(1) != NODATA).all()


def test_what_no_tile_holds_is_empty_and_not_sea_level(two, tmp_path):
    other = tmp_path / "north-east.tif"
    other.write_bytes(glo30_bytes(107, 30))
    area = shapely.box(106.5, 29.5, 107.5, 30.5)
    with rasterio.open(merge_tiles([two[0], other], area, tmp_path / "out.tif")) as raster:
        cells = raster.read(1, masked=True)
    half = cells.shape[0] // 2
    assert cells[:half, :half].mask.mean() > 0.9
    assert not np.ma.getmaskarray(cells[half + 2 :, : half - 2]).any()


def test_no_value_in_a_tile_stays_none(tmp_path):
    tile = tmp_path / "tile.tif"
    values = np.full((SIDE, SIDE), 7.0, dtype=np.float32)
    values[20, 20], values[21, 21] = np.nan, -9999
    with rasterio.open(io.BytesIO(glo30_bytes(106, 29))) as raster:
        profile = raster.profile | {"nodata": -9999}
    with rasterio.open(tile, "w", **profile) as raster:
        raster.write(values, 1)
    with rasterio.open(
        merge_tiles([tile], shapely.box(106, 29, 107, 30), tmp_path / "o.tif")
    ) as raster:
        cells = raster.read(1)
    assert cells[20, 20] == cells[21, 21] == NODATA
    assert (cells == 7).sum() == SIDE * SIDE - 2


def test_wider_cells_are_interpolated_onto_the_finer(tmp_path):
    fine, coarse = tmp_path / "fine.tif", tmp_path / "coarse.tif"
    fine.write_bytes(glo30_bytes(106, 49))
    coarse.write_bytes(glo30_bytes(106, 50, side=SIDE // 2))
    area = shapely.box(106.4, 49.8, 106.6, 50.2)
    with rasterio.open(merge_tiles([coarse, fine], area, tmp_path / "out.tif")) as raster:
        assert raster.res == pytest.approx((1 / SIDE, 1 / SIDE))
        column = raster.read(1)[:, 4]
    # A step is half of a coarse row of 20 north of the seam, a row of 40 south of it.
    assert np.diff(column)[2:5].tolist() == pytest.approx([10, 10, 10], abs=0.01)
    assert np.diff(column)[-4:].tolist() == [40, 40, 40, 40]


def test_a_tall_area_is_written_in_strips(tmp_path):
    tile = tmp_path / "tile.tif"
    tile.write_bytes(glo30_bytes(106, 29, side=600))
    area = shapely.box(106.1, 29.0, 106.2, 30.0)
    with rasterio.open(merge_tiles([tile], area, tmp_path / "out.tif")) as raster:
        assert raster.height == 600
        assert np.array_equal(np.diff(raster.read(1)[:, 5]), np.full(599, 600))


def test_tiles_of_elsewhere_and_no_tiles(two, tmp_path):
    for paths in (two, ()):
        with pytest.raises(InputError, match="none of the tiles meets the study area"):
            merge_tiles(paths, shapely.box(10, 10, 11, 11), tmp_path / "out.tif")
    two[0].write_bytes(b"damaged")
    with pytest.raises(InputError, match="not a raster"):
        merge_tiles(two, SEAM, tmp_path / "out.tif")


def test_an_earlier_raster_survives_a_failure(two, tmp_path):
    out = tmp_path / "out.tif"
    good = merge_tiles(two, SEAM, out).read_bytes()
    content = two[1].read_bytes()
    two[1].write_bytes(content[:1500])
    with pytest.raises(InputError, match=r"east\.tif.* is not a raster that can be read"):
        merge_tiles(two, SEAM, out)
    assert out.read_bytes() == good
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.tif", "tiles"]


# --- all together ---------------------------------------------------------------------------------


@pytest.fixture
def fetch_all(server, tmp_path):
    def fetch_all(area, **options):
        settings = {"base_url": server.url, "retry_waits_s": WAITS}
        return fetch_elevation(area, tmp_path / "study" / "elevation.tif", **(settings | options))

    return fetch_all


def test_from_an_area_to_its_raster(server, fetch_all, tmp_path):
    west, east = tiles_for(SEAM)
    server.files = {west.key: glo30_bytes(106, 29), east.key: glo30_bytes(107, 29)}
    found = fetch_all(SEAM)
    assert found.path == tmp_path / "study" / "elevation.tif"
    assert [path.name for path in found.tiles] == [west.file_name, east.file_name]
    assert {path.parent for path in found.tiles} == {tmp_path / "study" / "elevation-tiles"}
    assert (found.missing, found.notes) == ((), ())
    assert "© DLR e.V. 2010-2014 and © Airbus Defence and Space GmbH 2014-2018" in found.attribution
    with rasterio.open(found.path) as raster:
        assert raster.tags()["TIFFTAG_COPYRIGHT"] == ATTRIBUTION["glo30"]
        assert raster.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "glo30"
        cells = raster.read(1)
    # Again, without a server: the same bytes.
    before = found.path.read_bytes()
    assert fetch_all(SEAM, base_url="http://127.0.0.1:9") == found
    assert found.path.read_bytes() == before
    assert (cells != NODATA).all()


def test_an_area_that_ends_at_a_seam_gets_the_cells_beyond_it(server, fetch_all):
    tiles = tiles_for(SEAM)
    server.files = {tile.key: glo30_bytes(*tile.bounds[:2]) for tile in tiles}
    assert len(fetch_all(shapely.box(106.9, 29.4, 107.0, 29.5)).tiles) == 2


def test_srtm_to_its_raster(server, srtm, fetch_all):
    found = fetch_all(YUZHONG, source="srtm")
    assert found.attribution == ATTRIBUTION["srtm"]
    with rasterio.open(found.path) as raster:
        assert raster.dtypes == ("int16",)
        assert raster.res == pytest.approx((1 / 3600, 1 / 3600))
        assert np.unique(raster.read(1)).tolist() == [250]
        assert raster.shape == (151, 367)


def test_a_raster_that_came_from_elsewhere_is_not_replaced(server, one, fetch_all, tmp_path):
    own = tmp_path / "study" / "elevation.tif"
    own.parent.mkdir()
    for content in (glo30_bytes(106, 29), b"no raster"):
        own.write_bytes(content)
        with pytest.raises(UsageError, match="did not come from this command"):
            fetch_all(YUZHONG)
        assert own.read_bytes() == content
    assert server.asked == []
    assert fetch_all(YUZHONG, overwrite=True).path.read_bytes() != content


def test_too_large_an_area(fetch_all, server):
    with pytest.raises(InputError, match="spans 2500 degree cells"):
        fetch_all(shapely.box(60.5, 0.5, 109.5, 49.5))
    assert server.asked == []

"""OSMnx's real client against a small local server that answers well, badly, slowly or not."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

import osmnx as ox
import pytest
import shapely

from coverage.errors import DownloadError, InputError
from coverage.inputs.osm import download_streets, geocode

SQUARE = shapely.box(106.499, 29.499, 106.511, 29.511)
WAIT = (0.01, 0.01)


def overpass_body() -> bytes:
    nodes = [{"type": "node", "id": n, "lat": 29.5 + n / 1000, "lon": 106.505} for n in range(1, 6)]
    ways = [
        {"type": "way", "id": 1, "nodes": [1, 2, 3], "tags": {"highway": "steps", "name": "云梯"}},
        {"type": "way", "id": 2, "nodes": [3, 4], "tags": {"highway": "trunk"}},
        {"type": "way", "id": 3, "nodes": [4, 5], "tags": {"highway": "path", "step_count": "9"}},
    ]
    answer = {"version": 0.6, "osm3s": {"timestamp_osm_base": "2026-01-02T03:04:05Z"},
              "elements": nodes + ways}  # fmt: skip
    return json.dumps(answer).encode()


def nominatim_body() -> bytes:
    square = shapely.geometry.mapping(SQUARE)
    return json.dumps(
        [{"boundingbox": ["29.499", "29.511", "106.499", "106.511"], "geojson": square,
          "display_name": "Somewhere", "importance": 0.5, "osm_type": "relation", "osm_id": 1,
          "lat": "29.505", "lon": "106.505", "class": "boundary", "type": "administrative",
          "place_rank": 12, "addresstype": "suburb", "name": "S", "place_id": 1}]
    ).encode()  # fmt: skip


Answer = tuple[int, bytes]


class Server:
    """Answers from a list, the last answer again and again; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.bodies: list[str] = []
        self.promised_more = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append(self.path)
                status, body = owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) + owner.promised_more))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                owner.bodies.append(unquote_plus(body.decode()))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/api"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    running = Server()
    monkeypatch.setattr(ox.settings, "overpass_url", running.url)
    monkeypatch.setattr(ox.settings, "nominatim_url", running.url + "/")
    # OSMnx is polite to Nominatim: a second before each request.
    monkeypatch.setattr("osmnx._nominatim.time.sleep", lambda _: None)
    yield running
    running.close()


@pytest.fixture
def ask(tmp_path) -> Callable[..., object]:
    def ask(rules="pedestrian", cache=tmp_path / "cache"):
        return download_streets(
            SQUARE, rules=rules, truncate_by_edge=True, cache=cache, retry_waits_s=WAIT
        )

    return ask


def test_streets_come_through_osmnx_and_our_rules(server, ask):
    server.answers = [(200, overpass_body())]
    found = ask()
    assert found.ways["rule"].tolist() == ["stairs", "expressway", "path"]
    assert found.ways["step_count"].tolist() == [None, None, "9"]
    assert found.walkable.tolist() == [True, True, False, True]
    assert found.timestamp == "2026-01-02T03:04:05Z"
    assert found.node_id[found.tail].tolist() == [1, 2, 3, 4]


def test_lifts_and_squares_come_through_osmnx(server, ask):
    answer = json.loads(overpass_body())
    answer["elements"][2]["tags"] = {"highway": "elevator"}
    corners = [
        {"type": "node", "id": 10 + n, "lat": 29.504 + y / 1e4, "lon": 106.505 + x / 1e4}
        for n, (x, y) in enumerate([(5, 0), (5, 5), (0, 5)])
    ]
    answer["elements"] += corners
    answer["elements"].append(
        {"type": "way", "id": 4, "nodes": [4, 10, 11, 12, 4],
         "tags": {"highway": "pedestrian", "area": "yes"}}
    )  # fmt: skip
    server.answers = [(200, json.dumps(answer).encode())]
    found = ask()
    assert found.lift_id.tolist() == [3]
    assert found.ways.index.tolist() == [1, 2, 3]
    assert len(found.squares) == 1
    assert found.squares[0].is_valid
    assert len(found.squares[0].exterior.coords) == 5


def test_multipolygon_squares_come_through_osmnx(server, ask):
    """A ring of two untagged ways around node 4, one relation over them."""
    streets = json.loads(overpass_body())
    squares = json.loads(overpass_body())
    squares["elements"] = [
        element
        for element in squares["elements"]
        if element["type"] == "node" and element["id"] == 4
    ]
    squares["elements"] += [
        {"type": "node", "id": 10 + n, "lat": 29.504 + y / 1e4, "lon": 106.505 + x / 1e4}
        for n, (x, y) in enumerate([(5, 0), (5, 5), (0, 5)])
    ]
    squares["elements"] += [
        {"type": "way", "id": 21, "nodes": [4, 10, 11]},
        {"type": "way", "id": 22, "nodes": [11, 12, 4]},
        {"type": "relation", "id": 31, "tags": {"type": "multipolygon", "highway": "pedestrian"},
         "members": [{"type": "way", "ref": ref, "role": "outer"} for ref in (21, 22)]},
    ]  # fmt: skip
    server.answers = [(200, json.dumps(streets).encode()), (200, json.dumps(squares).encode())]
    found = ask()
    assert len(found.squares) == 1
    assert len(found.squares[0].exterior.coords) == 5


def test_the_osmnx_walk_network_is_left_as_it_is(server, ask):
    server.answers = [(200, overpass_body())]
    assert ask(rules="osmnx-walk").ways.index.tolist() == [1, 2, 3]


def test_a_recorded_response_needs_no_server(server, ask):
    server.answers = [(200, overpass_body())]
    first = ask()
    asked = len(server.asked)
    server.answers = [(500, b"")]
    again = ask()
    assert len(server.asked) == asked
    assert again.node_id.tolist() == first.node_id.tolist()


def test_a_busy_server_is_asked_again(server, ask):
    server.answers = [(429, b"slow down"), (504, b"gateway"), (200, overpass_body())]
    assert len(ask().tail) == 4
    # The streets at the third try, and then the squares.
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((429, b"slow down"), "Overpass is too busy .429"),
        ((504, b"gateway"), "Overpass is too busy .504"),
        ((400, b"<html>bad query</html>"), "Overpass answered wrongly: 400"),
        (
            (200, b"<html>captive portal</html>"),
            "Overpass answered wrongly: something that is not data",
        ),
        ((200, overpass_body()[:300]), "Overpass answered wrongly: no JSON"),
        ((200, b"[]"), "Overpass answered wrongly"),
        ((200, b'{"foo": 1}'), "Overpass answered wrongly"),
        ((200, b'{"elements": [], "remark": "runtime error: Query timed out"}'), "too busy"),
    ],
)
def test_a_bad_answer_names_the_remedy(server, ask, answer, said):
    server.answers = [answer]
    with pytest.raises(DownloadError, match=said) as caught:
        ask()
    assert "--osm-cache" in str(caught.value)
    # What is no data is not recorded as if it were.
    server.answers = [(200, overpass_body())]
    assert len(ask().tail) == 4


def test_an_answer_cut_off_on_the_way(server, ask):
    server.answers, server.promised_more = [(200, overpass_body())], 1000
    with pytest.raises(DownloadError, match="cannot be reached .*(IncompleteRead|ChunkedEncoding)"):
        ask()


def test_a_slow_server_times_out(server, ask, monkeypatch):
    monkeypatch.setattr(ox.settings, "requests_timeout", 0.2)
    hold = threading.Event()
    original = server.http.RequestHandlerClass.do_POST
    monkeypatch.setattr(
        server.http.RequestHandlerClass, "do_POST", lambda self: (hold.wait(2), original(self))
    )
    server.answers = [(200, overpass_body())]
    with pytest.raises(DownloadError, match="cannot be reached .*ReadTimeout"):
        ask()
    hold.set()


def test_no_server_at_all(ask, monkeypatch):
    monkeypatch.setattr(ox.settings, "overpass_url", "http://127.0.0.1:9/api")
    with pytest.raises(DownloadError, match="Overpass cannot be reached") as caught:
        ask()
    assert "--streets" in str(caught.value)


def test_an_area_without_streets(server, ask):
    server.answers = [(200, b'{"elements": []}')]
    with pytest.raises(InputError, match="no streets in the study area"):
        ask()


def test_osmnx_settings_are_put_back(server, ask):
    before = {name: getattr(ox.settings, name) for name in dir(ox.settings) if name[0] != "_"}
    server.answers = [(500, b"")]
    with pytest.raises(DownloadError):
        ask()
    assert {name: getattr(ox.settings, name) for name in before} == before


def test_a_place_is_found(server, tmp_path):
    server.answers = [(200, nominatim_body())]
    found = geocode(["Somewhere"], cache=tmp_path, retry_waits_s=WAIT)
    assert found.equals(SQUARE)


def test_an_unknown_place(server, tmp_path):
    server.answers = [(200, b"[]")]
    with pytest.raises(InputError, match="place 'Atlantis': OpenStreetMap knows no area"):
        geocode(["Atlantis"], cache=tmp_path, retry_waits_s=WAIT)


def test_a_place_that_is_a_point(server, tmp_path):
    answer = json.loads(nominatim_body())
    answer[0]["geojson"] = {"type": "Point", "coordinates": [106.5, 29.5]}
    server.answers = [(200, json.dumps(answer).encode())]
    with pytest.raises(InputError, match="knows no area"):
        geocode(["A shop"], cache=tmp_path, retry_waits_s=WAIT)


@pytest.mark.realdata
def test_the_recorded_cache_answers_osmnxs_own_call(yuzhong, tmp_path):
    """No server is there: what comes, comes from the recorded responses."""
    cache = shutil.copytree(yuzhong / "osmnx-cache", tmp_path / "cache")
    place = geocode(["Yuzhong District, Chongqing, China"], cache=cache)
    found = download_streets(place, rules="osmnx-walk", truncate_by_edge=False, cache=cache)
    assert len(found.tail) == 13_601
    assert found.timestamp == "2026-04-26T06:06:24Z"


@pytest.mark.realdata
def test_the_recorded_body_answers_a_wider_query(yuzhong, server, tmp_path):
    """The buffered query differs from the recorded one: the server replays the recorded body."""
    body = next(
        file.read_bytes()
        for file in sorted((yuzhong / "osmnx-cache").glob("*.json"))
        if b"osm3s" in file.read_bytes()
    )
    server.answers = [(200, body)]
    area = shapely.box(106.54, 29.54, 106.57, 29.57)
    found = download_streets(
        area, rules="pedestrian", truncate_by_edge=True, cache=tmp_path, retry_waits_s=WAIT
    )
    assert (found.ways["rule"] == "expressway").sum() > 10
    assert set(found.ways.loc[found.ways["rule"] == "expressway", "who"]) == {"nobody"}

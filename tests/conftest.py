"""What the tests share: hand-made networks, the real data, and no way out to the internet."""

import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer

from coverage.features import level_streets
from coverage.inputs.walk_rules import TAGS, decide
from coverage.network import WalkingNetwork, build_network
from coverage.streets import Streets, streets_from_ways
from coverage.walkers import PACKAGED_WALKERS

CRS = "EPSG:32648"


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host not in ("127.0.0.1", "::1", "localhost"):
                raise ConnectionRefusedError(f"tests must not connect to {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def yuzhong() -> Path:
    """The folder of the real Yuzhong data; skips without it, and fails where CI needs it."""
    folder = Path(os.environ.get("CARE_CIRCLE_DATA", "../shared/data")).absolute() / "yuzhong"
    if not folder.is_dir():
        message = f"the real data is not at {folder} (set CARE_CIRCLE_DATA)"
        if os.environ.get("CARE_CIRCLE_REQUIRE_DATA"):
            pytest.fail(message)
        # Who has no data can still run the rest; where all must run, the line above fails.
        pytest.skip(message)
    return folder


NetworkOf = Callable[..., WalkingNetwork]


@pytest.fixture(scope="session")
def network_of() -> NetworkOf:
    """Make a network from {node: (x, y)} and edges (tail, head, seconds[, seconds back])."""
    return make_network


def make_network(
    nodes: dict[int, tuple[float, float]],
    edges: Iterable[tuple[float, ...]],
    *,
    walker: str = "flat-900",
    names: Iterable[str] | None = None,
) -> WalkingNetwork:
    """Make a network by hand.

    An edge is (tail, head), (tail, head, seconds) or (tail, head, seconds, seconds back); without
    seconds it is walked at the walker's level speed. Every edge is a way of its own.
    """
    profile = PACKAGED_WALKERS[walker]
    ids = np.array(sorted(nodes), dtype=np.int64)
    xy = np.array([nodes[node] for node in ids.tolist()], dtype=float)
    rows = [tuple(edge) for edge in edges]
    tail = np.searchsorted(ids, [int(row[0]) for row in rows])
    head = np.searchsorted(ids, [int(row[1]) for row in rows])
    length = np.hypot(*(xy[head] - xy[tail]).T)
    along = np.array(
        [row[2] if len(row) > 2 else metres / profile.level_speed_mps
         for row, metres in zip(rows, length, strict=True)], dtype=float
    )  # fmt: skip
    against = np.array(
        [row[3] if len(row) > 3 else there for row, there in zip(rows, along, strict=True)],
        dtype=float,
    )
    ways = pd.DataFrame(
        {"highway": "residential", "name": list(names) if names else [None] * len(rows)},
        index=pd.Index(np.arange(1, len(rows) + 1), name="osm_id"),
        dtype=object,
    )
    return WalkingNetwork(
        crs=CRS, node_id=ids, xy=xy, z=np.full(len(ids), np.nan), tail=tail, head=head,
        features=level_streets(length), steps_source=np.full(len(rows), "", dtype=object),
        seconds_along=along, seconds_against=against, way=np.arange(len(rows)), ways=ways,
        walker=profile,
    )  # fmt: skip


ORIGIN = (650_000.0, 3_270_000.0)
"""A place in Yuzhong, metres in `CRS`: (0, 0) of the networks made by hand."""


def make_streets(
    nodes: dict[int, tuple[float, float]],
    ways: Iterable[tuple[int, list[int], dict[str, str]]],
    *,
    lifts: Iterable[int] = (),
    rules: str = "pedestrian",
) -> Streets:
    """Make streets by hand from {node: (x, y)} in metres and ways (id, nodes, tags)."""
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    place = {n: to_degrees.transform(ORIGIN[0] + x, ORIGIN[1] + y) for n, (x, y) in nodes.items()}
    rows, refs, lengths = [], [], []
    for _, members, tags in ways:
        rule = decide(tags, rules=rules)
        rows.append([*(tags.get(tag) for tag in TAGS), rule.name, rule.who])
        refs += members
        lengths.append(len(members))
    table = pd.DataFrame(
        rows, columns=[*TAGS, "rule", "who"], dtype=object,
        index=pd.Index([way[0] for way in ways], name="osm_id"),
    )  # fmt: skip
    return streets_from_ways(
        np.array(refs), np.array([place[ref] for ref in refs]), np.array(lengths), table,
        lift_id=np.array(sorted(lifts), dtype=np.int64),
    )  # fmt: skip


def walked(streets: Streets, heights: dict[int, float] | None = None, walker: str = "senior"):
    """Time streets made by hand, with a height for every node (unknown where not given)."""
    z = np.array([(heights or {}).get(int(n), np.nan) for n in streets.node_id])
    return build_network(streets, crs=CRS, walker=PACKAGED_WALKERS[walker], z=z)

"""Times to and from every facility: ours beside scipy and networkx on the same graph.

    python benchmarks/reach.py FILE.osm.pbf [--elevation DEM.tif] [--tiles N] [--facilities N]

The real network is set out in N copies side by side, each facility somewhere on its streets. The
rivals are given what is hard to make: the graph of junctions, contracted, with the facilities in
it. They search from each facility alone, as a user would write it; those that would take minutes
do so for a sample. All must find the same junctions at the same seconds before anything is timed.
"""

import argparse
import statistics
import time
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path

import networkx as nx
import numpy as np
from ours import network_of
from scipy.sparse.csgraph import dijkstra

from coverage.contraction import contract, contracted
from coverage.links import find_links
from coverage.nearest import minutes_to_nearest
from coverage.network import WalkingNetwork, timed
from coverage.reach import reach_of_each
from coverage.snapping import Snapped, snap, usable_edges
from coverage.times import TIE_S, over_blocks, search
from coverage.walkers import PACKAGED_WALKERS

LIMIT_S = 1000.0
"""900 m for the walker `flat-900`."""
HORIZON_MIN = 60.0
CUTOFFS_MIN = (5.0, 10.0, 15.0)
CHUNK = 64


def tiled(network: WalkingNetwork, tiles: int) -> WalkingNetwork:
    """Set copies of a network out side by side."""
    nodes, edges = len(network.node_id), len(network.tail)
    width = np.ptp(network.xy, axis=0) + 200
    side = int(np.ceil(np.sqrt(tiles)))
    corner = np.array([divmod(k, side) for k in range(tiles)]) * width

    def again(values):
        return np.tile(values, tiles)

    features = network.features
    return replace(
        network,
        node_id=np.arange(nodes * tiles),
        xy=np.tile(network.xy, (tiles, 1)) + np.repeat(corner, nodes, axis=0),
        z=again(network.z),
        tail=again(network.tail) + np.repeat(np.arange(tiles) * nodes, edges),
        head=again(network.head) + np.repeat(np.arange(tiles) * nodes, edges),
        features=replace(
            features, **{f.name: again(getattr(features, f.name)) for f in fields(features)}
        ),
        steps_source=again(network.steps_source),
        seconds_along=again(network.seconds_along),
        seconds_against=again(network.seconds_against),
        way=again(network.way),
    )


def somewhere(network: WalkingNetwork, count: int, seed: int) -> Snapped:
    """Return points that stand near streets anywhere."""
    rng = np.random.default_rng(seed)
    onto = usable_edges(network)
    edge = onto[rng.integers(0, len(onto), count)]
    beside = network.xy[network.tail[edge]] + rng.normal(0, 20, (count, 2))
    return snap(network, beside, onto=onto, limit_m=300)


def seconds(call, repeat: int = 1) -> float:
    """Return the median processor seconds of a call: whatever else runs here does not count."""
    found = []
    for _ in range(repeat):
        begin = time.process_time()
        call()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def peak_mb(call) -> float:
    """Return the most memory that a call holds at once, over what was held before, MB."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


class Rivals:
    """Searches as a user would write them, on the graph of junctions and facilities."""

    def __init__(self, wanted) -> None:
        arcs = wanted.arcs("back")
        self.matrix, self.first = arcs.matrix, len(wanted.on.junction)
        coo = self.matrix.tocoo()
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from(range(coo.shape[0]))
        self.graph.add_weighted_edges_from(
            zip(coo.row.tolist(), coo.col.tolist(), coo.data.tolist(), strict=True)
        )

    def scipy_raw(self, facilities):
        """Rows over the whole graph, 64 at a time."""
        for chunk in np.array_split(facilities, -(-len(facilities) // CHUNK)):
            rows = dijkstra(self.matrix, indices=self.first + chunk, limit=LIMIT_S + TIE_S)
            for facility, row in zip(chunk, rows, strict=True):
                yield facility, np.flatnonzero(np.isfinite(row)), row[np.isfinite(row)]

    def networkx_cutoff(self, facilities):
        """`single_source_dijkstra_path_length` with a cutoff."""
        for facility in facilities.tolist():
            found = nx.single_source_dijkstra_path_length(
                self.graph, self.first + facility, cutoff=LIMIT_S + TIE_S
            )
            nodes = np.array(sorted(found))
            yield facility, nodes, np.array([found[node] for node in nodes.tolist()])

    def ego_graph(self, facilities):
        """`ego_graph`, which many recipes use; it gives nodes and no times."""
        for facility in facilities.tolist():
            found = nx.ego_graph(
                self.graph, self.first + facility, radius=LIMIT_S + TIE_S, distance="weight"
            )
            yield facility, np.array(sorted(found)), None

    def nearest(self, count):
        """`multi_source_dijkstra_path_length` from all facilities."""
        sources = set(range(self.first, self.first + count))
        return nx.multi_source_dijkstra_path_length(self.graph, sources, cutoff=LIMIT_S + TIE_S)


def of_block(_, block):
    """Return a block's facilities, junctions and seconds as sparse rows."""
    times = block.seconds["back"][:, :-1]
    row, column = np.nonzero(np.isfinite(times))
    return block.members[row], block.junction["back"][column], times[row, column]


def searched(wanted):
    """Search from all facilities and let go of every block."""
    for _ in over_blocks(wanted, ("back",), lambda *_: None, 1):
        pass


def check_equal(wanted, rivals: Rivals, sample) -> None:
    """Stop where two of the searches differ."""
    found = [np.concatenate(c) for c in zip(*over_blocks(wanted, ("back",), of_block, 1),
                                            strict=True)]  # fmt: skip
    for rival in (rivals.scipy_raw, rivals.networkx_cutoff, rivals.ego_graph):
        for facility, nodes, times in rival(sample):
            own = found[0] == facility
            order = np.argsort(found[1][own])
            junctions = nodes < rivals.first
            np.testing.assert_array_equal(found[1][own][order], nodes[junctions])
            if times is not None:
                np.testing.assert_allclose(found[2][own][order], times[junctions], atol=1e-9)


def side_by_side(network: WalkingNetwork, snapped: Snapped, repeat: int, sampled: int) -> None:
    """Print facilities a second of every search, and the seconds of whole steps."""
    everyone = np.arange(len(snapped.edge))
    flat = timed(network, PACKAGED_WALKERS["flat-900"])
    wanted = search(contracted(flat), snapped, everyone, LIMIT_S)
    rivals = Rivals(wanted)
    sample = np.random.default_rng(1).choice(len(everyone), min(sampled, len(everyone)), False)
    check_equal(wanted, rivals, sample[:20])
    print("all searches find the same\n")

    def drained(found):
        return lambda: [None for _ in found()]

    print(f"{'search from each, 900 m':40s} {'a second':>9s} {'ours is':>8s}")
    ours_s = seconds(lambda: searched(wanted), repeat)
    speed = len(everyone) / ours_s
    print(f"{'blocks (ours)':40s} {speed:9.0f}")
    for name, rival in (
        ("scipy over the whole graph", rivals.scipy_raw),
        ("networkx with cutoff", rivals.networkx_cutoff),
        ("networkx ego_graph", rivals.ego_graph),
    ):
        other = len(sample) / seconds(drained(lambda rival=rival: rival(sample)))
        print(f"{name:40s} {other:9.0f} {speed / other:7.1f}x")

    near_s = seconds(
        lambda: dijkstra(
            wanted.arcs("back").matrix, indices=rivals.first + everyone, min_only=True,
            limit=LIMIT_S,
        ),
        repeat,
    )  # fmt: skip
    rival_s = seconds(lambda: rivals.nearest(len(everyone)))
    print(f"\nnearest of all, 900 m: ours {near_s:.3f} s, networkx {rival_s:.2f} s, "
          f"{rival_s / near_s:.0f}x\n")  # fmt: skip

    homes = somewhere(network, 100 * len(everyone), seed=2)
    steps = {
        "contract": lambda: contract(network),
        "minutes, back, 60 min": lambda: minutes_to_nearest(
            network, snapped, everyone, direction="back", horizon_min=HORIZON_MIN
        ),
        "minutes, worst, 60 min": lambda: minutes_to_nearest(
            network, snapped, everyone, direction="worst", horizon_min=HORIZON_MIN
        ),
        "reach, worst, 5, 10, 15 min": lambda: reach_of_each(
            network, snapped, everyone, direction="worst", cutoffs_min=CUTOFFS_MIN
        ),
        f"links of {len(homes.edge):,} homes, worst, 15 min": lambda: find_links(
            network, snapped, homes, direction="worst", horizon_min=15
        ),
        f"links of {len(homes.edge):,} homes, worst, 60 min": lambda: find_links(
            network, snapped, homes, direction="worst", horizon_min=HORIZON_MIN
        ),
    }
    print(f"{'whole steps':40s} {'seconds':>9s} {'peak MB':>8s}")
    for name, step in steps.items():
        print(f"{name:40s} {seconds(step, repeat):9.2f} {peak_mb(step):8.0f}", flush=True)


def growth(one: WalkingNetwork, tiles: int, per_tile: float, repeat: int) -> None:
    """Print how the cost grows with the network and the facilities on it."""
    print(f"\n{'nodes':>10s} {'junctions':>10s} {'facilities':>10s} "
          f"{'search µs each':>15s} {'reach µs each':>15s} {'minutes µs a node':>18s}")  # fmt: skip
    size = 1
    while size <= tiles:
        network = tiled(one, size)
        snapped = somewhere(network, max(1, round(per_tile * size)), seed=1)
        everyone = np.arange(len(snapped.edge))
        wanted = search(contracted(network), snapped, everyone, LIMIT_S)
        each = seconds(lambda w=wanted: searched(w), repeat)
        reached = seconds(
            lambda n=network, s=snapped, e=everyone: reach_of_each(
                n, s, e, direction="worst", cutoffs_min=CUTOFFS_MIN
            ),
            repeat,
        )
        minutes = seconds(
            lambda n=network, s=snapped, e=everyone: minutes_to_nearest(
                n, s, e, direction="worst", horizon_min=HORIZON_MIN
            ),
            repeat,
        )
        count, nodes = len(everyone), len(network.node_id)
        print(f"{nodes:10,d} {len(wanted.on.junction):10,d} {count:10,d} "
              f"{each / count * 1e6:15.0f} {reached / count * 1e6:15.0f} "
              f"{minutes / nodes * 1e6:18.2f}", flush=True)  # fmt: skip
        size *= 4


def main() -> None:
    """Read, set out, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pbf", type=Path)
    parser.add_argument("--elevation", type=Path)
    parser.add_argument("--tiles", type=int, default=64)
    parser.add_argument("--facilities", type=int, default=3000)
    parser.add_argument("--sample", type=int, default=200, help="Facilities for the slow rivals.")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    one = network_of(options.pbf, options.elevation)
    network = tiled(one, options.tiles)
    snapped = somewhere(network, options.facilities, seed=1)
    on = contracted(network)
    print(f"{len(network.node_id):,} nodes, {len(network.tail):,} edges; contracted "
          f"{len(on.junction):,} junctions, {len(on.chains):,} chains; "
          f"{options.facilities:,} facilities")  # fmt: skip
    side_by_side(network, snapped, options.repeat, options.sample)
    growth(one, options.tiles, options.facilities / options.tiles, options.repeat)


if __name__ == "__main__":
    main()

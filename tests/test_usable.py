"""Where one may stand after a change is where one may in the changed network, worked out anew."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from conftest import make_network
from coverage import usable
from coverage.edits import Join, edited
from coverage.patches import patched
from coverage.snapping import usable_edges

SECONDS = [0.0, 3.0, 20.0, 45.5, np.inf]


def random_change(chance):
    """Return a network on a board of 900 m, some edges to close, and some links to build."""
    spots = {n: tuple(100.0 * chance.integers(0, 9, 2)) for n in range(chance.integers(3, 25))}
    count = int(chance.integers(2, 40))
    ends = chance.integers(0, len(spots), (count, 2)).tolist()
    seconds = chance.choice(SECONDS, (count, 2)).tolist()
    network = make_network(spots, [(*end, *both) for end, both in zip(ends, seconds, strict=True)])
    closed = np.unique(chance.integers(0, count, chance.integers(0, 4)))
    joins = [
        Join(
            tuple(chance.integers(0, count, 2).tolist()),
            tuple(chance.choice([0.0, 0.25, 0.5, 1.0], 2).tolist()),
            str(chance.choice(["lift", "escalator", "bridge", "footway"])),
            None,
        )
        for _ in range(chance.integers(0, 3))
    ]
    return network, closed, joins


@pytest.mark.parametrize("windows", [(np.inf,), (0.0, np.inf), (0.0, 150.0, 400.0, np.inf)])
def test_usable_edges_after_random_changes(windows, monkeypatch):
    """Whatever windows are looked at around a closed street."""
    monkeypatch.setattr(usable, "_WINDOWS_M", windows)
    for seed in range(150):
        network, closed, joins = random_change(np.random.default_rng(seed))
        anew = edited(network, closed, joins).network
        assert_array_equal(
            usable.usable_after(patched(network, closed, joins)), usable_edges(anew), str(seed)
        )


def test_what_is_cut_out_is_of_the_changed_network():
    for seed in range(150):
        chance = np.random.default_rng(seed)
        network, closed, joins = random_change(chance)
        anew, change = edited(network, closed, joins).network, patched(network, closed, joins)
        assert change.count == len(anew.tail)
        edges = np.flatnonzero(chance.random(change.count) < 0.6)
        part = change.cut_out(edges)
        for end in ("tail", "head"):
            assert_array_equal(part.xy[getattr(part, end)], anew.xy[getattr(anew, end)[edges]])
        for field in fields(anew.features):
            of_part, of_all = (getattr(n.features, field.name) for n in (part, anew))
            assert_array_equal(of_part, of_all[edges])
        assert_array_equal(part.seconds_along, anew.seconds_along[edges])
        assert_array_equal(part.seconds_against, anew.seconds_against[edges])

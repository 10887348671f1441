"""Buildings, lined up along the streets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .draft import HIGHWAY, NAMES, Array, Edges, Ints, curve

KINDS = ("residential", "apartments", "yes", "house", "commercial", "school", "hospital")
_SHARES = (0.26, 0.14, 0.46, 0.06, 0.05, 0.02, 0.01)
_DEPTH_M = np.array([(11, 15), (14, 20), (8, 14), (8, 11), (14, 24), (16, 20), (20, 28)])
_LENGTH_M = np.array([(16, 30), (18, 30), (9, 22), (9, 14), (18, 30), (24, 32), (24, 32)])
_STOREYS = np.array([(3, 10), (9, 34), (1, 8), (1, 4), (2, 13), (3, 6), (4, 13)])
_PLOT_M = 34.0
_LINED = ("primary", "secondary", "tertiary", "residential", "living_street", "unclassified",
          "service", "footway", "track")  # fmt: skip
_OFF_GROUND = ("bridge", "tunnel", "crossing", "sidewalk", "gangway", "passage")
_SETBACK_M = (6.0, 13.0)
_STOREY_M, _HIGHEST_SEEN_M, _ROOF_SHARE = 3.0, 60.0, 0.35
_COUNTRY_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Buildings:
    """Footprints and what is tagged of them.

    Attributes
    ----------
    corners
        Shape (B, 6, 2), metres; the first four only where `sides` is 4.
    sides
        Shape (B,), 4, or 6 for an L.
    kind
        Shape (B,), positions in `KINDS`.
    storeys
        Shape (B,).
    says_levels, has_entrance, as_relation
        Shape (B,), what mappers noted, and how.
    """

    corners: Array
    sides: Ints
    kind: Ints
    storeys: Ints
    says_levels: NDArray[np.bool_]
    has_entrance: NDArray[np.bool_]
    as_relation: NDArray[np.bool_]

    @property
    def middles(self) -> Array:
        """Middles of the first four corners, shape (B, 2)."""
        return self.corners[:, :4].mean(axis=1)

    def roofs_m3(self) -> Array:
        """Return the volume that a surface model sees of each."""
        a, b = self.corners[:, 1] - self.corners[:, 0], self.corners[:, 2] - self.corners[:, 1]
        height = np.minimum(self.storeys * _STOREY_M, _HIGHEST_SEEN_M) * _ROOF_SHARE
        return np.hypot(*a.T) * np.hypot(*b.T) * height


def built(xy: Array, edges: Edges, count: int, rng: np.random.Generator) -> Buildings:
    """Build on plots along the streets, denser in towns."""
    names = np.array(NAMES)
    off_ground = np.array([any(word in name for word in _OFF_GROUND) for name in names])
    lined = (np.isin(HIGHWAY, _LINED) & ~off_ground)[edges.kind]
    length = np.hypot(*(xy[edges.head] - xy[edges.tail]).T)
    plots = np.where(lined, np.floor((length - 10) / _PLOT_M).clip(0), 0).astype(np.int64)
    edge = np.repeat(np.arange(len(edges)), plots * 2)
    rank = np.arange(len(edge)) - np.repeat(np.cumsum(plots * 2) - plots * 2, plots * 2)
    chance = rng.random(len(edge)) / np.where(edges.place[edge] >= 0, 1.0, _COUNTRY_WEIGHT)
    chosen = np.sort(np.argsort(chance, kind="stable")[:count])
    edge, rank = edge[chosen], rank[chosen]
    share = (rank // 2 + 0.5) / plots[edge]
    side = np.where(rank % 2, 1.0, -1.0)
    here = curve(xy, edges, edge, share)
    ahead = curve(xy, edges, edge, np.minimum(share + 0.02, 1.0)) - here
    along = ahead / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    across = side[:, None] * np.column_stack([-along[:, 1], along[:, 0]])
    kind = rng.choice(len(KINDS), len(edge), p=_SHARES)
    depth, wide = (rng.uniform(*span[kind].T) for span in (_DEPTH_M, _LENGTH_M))
    near = here + across * rng.uniform(*_SETBACK_M, len(edge))[:, None]
    a, b = along * wide[:, None] / 2, across * depth[:, None]
    # The front stands first, so that the entrance is on the street side.
    corners = np.stack(
        [near - a, near + a, near + a + b, near - a + b, near - a + b / 2, near - a + b / 2], axis=1
    )
    bent = rng.random(len(edge)) < 0.08
    corners[bent, 3] = (near + b)[bent]
    corners[bent, 4] = (near + b / 2)[bent]
    storeys = rng.integers(_STOREYS[kind, 0], _STOREYS[kind, 1])
    return Buildings(
        corners=corners,
        sides=np.where(bent, 6, 4),
        kind=kind,
        storeys=storeys,
        says_levels=rng.random(len(edge)) < 0.15,
        has_entrance=rng.random(len(edge)) < 0.03,
        as_relation=rng.random(len(edge)) < 0.005,
    )

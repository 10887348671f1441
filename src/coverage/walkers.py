"""Walkers: mobility profiles, and the pace they keep on an edge.

Level speeds and their sources:

- ``adult`` 1.30 m/s: the usual comfortable speed of healthy adults under 60 (Bohannon 1997,
  Age and Ageing 26:15-19, gives 1.27-1.46 m/s).
- ``senior`` 0.90 m/s: means of people over 65 in the street are 0.8-0.9 m/s.
- ``senior-80`` 0.70 m/s: people over 80, the same sources' lower end.
- ``cane`` 0.60 m/s and ``wheelchair`` 0.64 m/s: users of a cane, and of a hand-driven wheelchair.
- ``flat-900`` 0.90 m/s on everything, for comparison with tools that know one speed only.

This version walks every edge at the level speed; slopes and stairs do not slow a walker yet.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class Walker(BaseModel):
    """A mobility profile.

    Attributes
    ----------
    name
        How a study names this walker.
    level_speed_mps
        Speed on level ground, metres per second, above 0 and at most 3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    level_speed_mps: float = Field(gt=0, le=3)

    @property
    def fastest_speed_mps(self) -> float:
        """Highest speed this walker reaches on any edge, metres per second."""
        return self.level_speed_mps


PACKAGED_WALKERS: Mapping[str, Walker] = MappingProxyType(
    {
        name: Walker(name=name, level_speed_mps=speed)
        for name, speed in {
            "adult": 1.30,
            "senior": 0.90,
            "senior-80": 0.70,
            "cane": 0.60,
            "wheelchair": 0.64,
            "flat-900": 0.90,
        }.items()
    }
)

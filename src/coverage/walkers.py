"""Walkers: mobility profiles, each number with its source.

Level speeds: ``adult`` 1.30 m/s is the usual comfortable speed of healthy adults under 60 (Bohannon
1997, Age and Ageing 26:15-19: 1.27-1.46 m/s). ``senior`` 0.90 m/s: means of people over 65 in the
street are 0.8-0.9 m/s; ``senior-80`` 0.70, ``cane`` 0.60 and ``wheelchair`` (by hand) 0.64 m/s are
this project's design values for slower groups. ``flat-900`` walks 0.90 m/s on everything, also on
stairs, for comparison with tools that know one speed only.

Steps: 0.93 s a step is the mean of people over 70 (Oh-Park et al. 2011), taken for ``senior``; for
``adult`` 0.65 s up, for ``senior-80`` 1.2 s and for ``cane`` 1.4 s are that mean in proportion to
the level speeds; 0.60 s down for ``adult`` is a design value. On a long flight upwards people slow
down to half their pace (Kretz et al. 2008); see `coverage.pace.FATIGUE_FROM_STEPS`. Wheelchair:
8.33 % (1:12) is the steepest ramp of GB 50763-2012.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TOBLER_STEEPNESS = 3.5
TOBLER_BEST_GRADE = -0.05
"""Tobler's hiking function: speed is highest at 5 % downhill and falls off exponentially from there
with this steepness (Tobler 1993, NCGIA Technical Report 93-1)."""


RIDE_MPS = 4.0
"""Speed of a ferry or cable car whose ``duration`` is not tagged, metres per second."""


class Walker(BaseModel):
    """A mobility profile.

    Attributes
    ----------
    name
        How a study names this walker.
    level_speed_mps
        Speed on level ground, metres per second.
    slope
        ``tobler``: slopes change the speed by Tobler's function, scaled to the level speed;
        ``none``: they do not.
    stairs
        ``counted``: so many seconds a step; ``impassable``; ``level``: as a level street, and so
        with escalators and lifts.
    step_up_s, step_down_s
        Seconds a step.
    max_grade_up
        The steepest street this walker can climb, rise over length; None for no limit.
    escalators
        Whether this walker rides escalators.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    level_speed_mps: float = Field(gt=0, le=3)
    slope: Literal["tobler", "none"] = "tobler"
    stairs: Literal["counted", "level", "impassable"] = "counted"
    step_up_s: float = Field(default=0.93, gt=0, le=30)
    step_down_s: float = Field(default=0.93, gt=0, le=30)
    max_grade_up: float | None = Field(default=None, gt=0, le=1)
    escalators: bool = True

    @property
    def fastest_speed_mps(self) -> float:
        """Highest speed this walker reaches on any street, metres per second."""
        if self.slope == "none":
            return self.level_speed_mps
        # At the best grade, over the value on the level.
        return self.level_speed_mps * math.exp(TOBLER_STEEPNESS * abs(TOBLER_BEST_GRADE))

    @property
    def on_the_flat(self) -> "Walker":
        """The same walker in a city without slopes and stairs, to tell what they cost."""
        return self.model_copy(update={"slope": "none", "stairs": "level", "max_grade_up": None})


PACKAGED_WALKERS: Mapping[str, Walker] = MappingProxyType(
    {
        walker.name: walker
        for walker in (
            Walker(name="adult", level_speed_mps=1.30, step_up_s=0.65, step_down_s=0.60),
            Walker(name="senior", level_speed_mps=0.90),
            Walker(name="senior-80", level_speed_mps=0.70, step_up_s=1.20, step_down_s=1.20),
            Walker(name="cane", level_speed_mps=0.60, step_up_s=1.40, step_down_s=1.40),
            Walker(
                name="wheelchair", level_speed_mps=0.64, stairs="impassable", max_grade_up=0.0833,
                escalators=False,
            ),
            Walker(name="flat-900", level_speed_mps=0.90, slope="none", stairs="level"),
        )
    }
)  # fmt: skip

"""What an analysis found, with what one does next with it: look, ask, save."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .changes import Blocked, Closed, Linked, LonLat
from .errors import Findings as Told
from .errors import UsageError
from .findings import Findings
from .inputs.areas import excluded_area
from .network import project
from .new_links import LinkKind
from .outputs.headline import headline_card, headline_text
from .outputs.page import Page
from .outputs.report_page import report_html
from .outputs.store import save
from .proposals import Proposals, propose
from .routes import Route, profile, route
from .study import siting_asked
from .study_parts import TierName
from .whatif import WhatIf, opening, what_if


@dataclass(frozen=True, slots=True, weakref_slot=True, repr=False)
class Result(Findings):
    """What an analysis found; see `coverage.findings.Findings` for what it holds.

    Jupyter shows its headline figures; ``gaps``, ``areas``, ``streets``, ``facilities`` and
    ``isochrones`` are GeoDataFrames.
    """

    def map(self, *, height_px: int = 680) -> Page:
        """Return the interactive map: shown inline by Jupyter, written by ``.save(path)``.

        Parameters
        ----------
        height_px
            How high it is inline, pixels.
        """
        # Imported when there is a map to draw: folium takes its time.
        from .outputs.maps import map_html

        return Page(f"地图 Map: {self._name}", map_html(self), height_px)

    def report(self, *, height_px: int = 900) -> Page:
        """Return the report: shown inline by Jupyter, written by ``.save(path)``.

        Parameters
        ----------
        height_px
            How high it is inline, pixels.
        """
        return Page(f"报告 Report: {self._name}", report_html(self), height_px)

    def save(self, folder: str | Path, *, also: Iterable[str] = ()) -> Path:
        """Write all files of the run to a folder and return the map's path; see `coverage.save`."""
        return save(self, Path(folder), also=also)

    def route(self, start_lon_lat: tuple[float, float], end_lon_lat: tuple[float, float]) -> Route:
        """Return the quickest walk of the study's walker from one place to another.

        Parameters
        ----------
        start_lon_lat, end_lon_lat
            Longitude and latitude, degrees (EPSG:4326).

        Raises
        ------
        UsageError
            When a place is none, has no street within 300 m, or no walk joins the two.
        """
        places = np.array([start_lon_lat, end_lon_lat], dtype=float)
        # Not-a-number is no place either.
        if places.shape != (2, 2) or not (np.abs(places) <= [180, 90]).all():
            raise UsageError(
                f"{start_lon_lat} and {end_lon_lat} are not two places.",
                "Give each as (longitude, latitude) in degrees.",
            )
        start, end = project(places, self.network.crs).tolist()
        return route(self.network, (start[0], start[1]), (end[0], end[1]))

    def profile(self, walk: Route) -> pd.DataFrame:
        """Return what a walk passes through, place by place; see `coverage.routes.profile`."""
        return profile(self.network, walk)

    def with_facility(
        self, lon_lat: LonLat, tier: TierName = "community", *, services: Sequence[str] = ()
    ) -> WhatIf:
        """Return the coverage if a facility opened there (degrees); see `coverage.whatif`.

        Parameters
        ----------
        lon_lat, tier
            Where and what it is.
        services
            What it offers, by the names that a facility list may have for services.
        """
        return what_if(self, [opening(lon_lat, tier, services)])

    def without(self, facility_id: str) -> WhatIf:
        """Return the coverage if a facility closed; see `coverage.whatif`."""
        return what_if(self, [Closed(facility_id)])

    def with_link(
        self, start: LonLat, end: LonLat, kind: LinkKind = "lift", *, length_m: float | None = None
    ) -> WhatIf:
        """Return the coverage if a lift, escalator, bridge or footway joined two places (degrees).

        `length_m` is its length in plan, where that is not the straight distance.
        """
        return what_if(self, [Linked(start, end, kind, length_m)])

    def without_way(self, osm_id: int) -> WhatIf:
        """Return the coverage if nobody could walk a way, by its OpenStreetMap id."""
        return what_if(self, [Blocked(osm_id)])

    def propose(self, **asked: Any) -> Proposals:
        """Return where the next facilities should open; see `coverage.proposals.propose`.

        Parameters
        ----------
        asked
            What to ask for instead of what the study's ``[siting]`` asks for: ``tier`` or
            ``service``, ``objective``, ``p``, ``budget_cny``, …; see
            `coverage.study_parts.SitingPart`.

        Raises
        ------
        UsageError, InputError
            When nothing can be proposed, and why.
        """
        study = self.study.model_copy(update={"siting": siting_asked(self.study, asked)})
        # What is odd about the excluded areas the run has said already.
        excluded = excluded_area(study, self.network.crs, Told())
        return propose(self, asked=study.siting, excluded=excluded)

    def __repr__(self) -> str:
        return f"<Result {headline_text(self)}>"

    def _repr_html_(self) -> str:
        """Return the headline figures as Jupyter shows them."""
        return headline_card(self)

    @property
    def _name(self) -> str:
        return self.study.title or self.study.name

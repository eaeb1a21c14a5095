"""The records that rules read and write: a flight, what is given beside it, and a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from waman.flights.cut.ends import Ends
from waman.flights.cut.measures import Measures
from waman.flights.cut.rows import Rows
from waman.flights.cut.segment import DOWN_AND_UP, Ground, Legs
from waman.flights.places import Places


class Field(Protocol):
    """Anything that knows what could have been seen (see ``waman.coverage.DetectionField``)."""

    def detection_probability(
        self,
        lat_deg: ArrayLike,
        lon_deg: ArrayLike,
        height_agl_m: ArrayLike,
        sensor: str | None = None,
        rcs_m2: float = 2.0,
        time: Any = None,
    ) -> NDArray[np.float64]:
        """Return the probability of detection per scan."""


class Plan(NamedTuple):
    """One filed flight plan; texts are empty where the source gave none."""

    flight: str
    callsign: str
    registration: str
    icao24: str
    origin: str
    destination: str
    off_block_us: int | None
    route: str


class Aircraft(NamedTuple):
    """One row of a register. ``status`` is valid, cancelled, destroyed or seized. No owner is kept."""

    registration: str
    icao24: str
    type: str
    status: str


class Report(NamedTuple):
    """One report of a person: a span of time, an event, the observer's cell. The reliability is A to F, "" unknown."""

    earliest_us: int
    latest_us: int
    event: str
    lat_deg: float
    lon_deg: float
    reliability: str
    registration: str


@dataclass(frozen=True)
class Given:
    """All that a flight is weighed against; whatever is None or empty is unknown, and then weighs nothing.

    ``detection`` with ``radar_sensors`` and ``transponder_sensors`` says what could have been seen and heard;
    ``plans_by_word`` finds plans by callsign, registration or address; ``completeness`` is the share of flights that
    file at this source, as an interval; nothing nearer to a border line than ``border_accuracy_m`` is surely on one
    side of it.
    """

    places: Places = field(default_factory=Places)
    terrain: Ground | None = None
    detection: Field | None = None
    transponder_sensors: tuple[str, ...] = ()
    radar_sensors: tuple[str, ...] = ()
    plans_by_word: Mapping[str, Sequence[Plan]] | None = None
    plans_by_time: Sequence[Plan] = ()
    completeness: tuple[float, float] | None = None
    register: Mapping[str, Aircraft] | None = None
    reports: Sequence[Report] = ()
    bbox: tuple[float, float, float, float] | None = None
    border_accuracy_m: float = 300.0
    recording_end_us: int | None = None
    live: bool = False

    @cached_property
    def report_times_us(self) -> NDArray[np.int64]:
        """Earliest and latest time of each report, (n, 2)."""
        return np.array([(r.earliest_us, r.latest_us) for r in self.reports], np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class Flight:
    """One leg: its rows, its ends and its measures (entry ``number`` of the columns). Places are -1 where not named.

    ``fates`` says of every leg how it ended, so that a rule can ask what became of the aircraft's others.
    """

    number: int
    rows: Rows
    legs: Legs
    measures: Measures
    departure: Ends
    arrival: Ends
    fates: Sequence[str]
    icao24: str | None
    callsign: str | None
    conflict: bool
    code_heard: bool = False

    @property
    def span(self) -> slice:
        """The rows of the flight."""
        return slice(int(self.legs.first[self.number]), int(self.legs.last[self.number]) + 1)

    @property
    def start_us(self) -> int:
        """UTC microseconds of the first row."""
        return self.rows.start_us + round(float(self.rows.time_s[self.legs.first[self.number]]) * 1e6)

    @property
    def end_us(self) -> int:
        """UTC microseconds of the last row."""
        return self.rows.start_us + round(float(self.rows.time_s[self.legs.last[self.number]]) * 1e6)

    @property
    def ended(self) -> str:
        """How this leg ended, as far as it was seen."""
        return str(self.fates[self.number])

    @property
    def landed(self) -> bool | None:
        """Whether it landed; None where that could not be observed."""
        if self.legs.landed_seen[self.number] or self.legs.stop_after[self.number] == DOWN_AND_UP:
            return True
        return False if self.ended == "left_area" else None

    @property
    def others(self) -> list[Flight]:
        """The other legs of what is known to be the same aircraft."""
        chain = self.rows.chain[self.legs.first]
        return [self.leg(k) for k in np.flatnonzero(chain == chain[self.number]).tolist() if k != self.number]

    @property
    def origin(self) -> int:
        """Index of the place of departure, -1 where not named."""
        return int(self.departure.place[self.number])

    @property
    def destination(self) -> int:
        """Index of the place of arrival, -1 where not named."""
        return int(self.arrival.place[self.number])

    def leg(self, number: int) -> Flight:
        """Return another leg of the same aircraft, with the name that it gave there."""
        rows, legs = self.rows, self.legs
        span = slice(int(legs.first[number]), int(legs.last[number]) + 1)
        icao24, callsign = (word_of(rows, codes[span]) for codes in (rows.icao24, rows.callsign))
        return replace(self, number=number, icao24=icao24, callsign=callsign)

    def measure(self, name: str) -> float:
        """Return one measure of this flight; NaN where it was not measured."""
        return float(getattr(self.measures, name)[self.number])


def word_of(rows: Rows, codes: NDArray[np.int64]) -> str | None:
    """Return the commonest known word of some rows, or None."""
    known = codes[codes >= 0]
    return rows.words[int(np.bincount(known).argmax())] if len(known) else None


@dataclass(frozen=True)
class Found:
    """One finding before it is weighed: the rule's dotted name, its figures, how strongly it holds (0..1).

    ``searchable`` is the probability that the thing looked for would have been seen had it been there; None is unknown.
    ``values`` fill the sentence; they hold no address, callsign or registration.
    """

    rule: str
    values: Mapping[str, Any] = field(default_factory=dict)
    strength: float = 1.0
    searchable: float | None = None

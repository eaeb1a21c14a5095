"""What an audience may see of flights, tracks and places: the one door that every product goes through.

``veil`` asks :func:`waman.access.shows` for each sensitive field and returns plain records in which
nothing hidden is left: identities, exact landings at unlisted strips and of medical flights, observers,
sources, people. No predicted position passes for any audience.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from waman import tables
from waman.access import shows
from waman.access.audience import Audience
from waman.export.path import NO_PATH, UNSEEN, Observed, Path, Records, Seen, observed
from waman.export.words import NOTHING_HIDDEN, WITHHELD, WITHHELD_IN, Hidden
from waman.flights import sentence
from waman.flights.checks import PEOPLE_MIN, doubts, may_publish_unexplained, people_by_check, question

LANGUAGES = ("en", "es")
CELL_M = 5_000.0
"""Side of the cell that stands for a strip or a medical landing."""
CELL_DEG = CELL_M / 111_195.0
STRIP_DELAY_US = 48 * 3_600 * 1_000_000
SLOW_MPS = 15.0
"""Below this an aeroplane is on the ground; its slow points belong to the place where it stopped."""
LISTED_KINDS = frozenset({"aerodrome", "heliport"})
MEDICAL_WORDS = ("medevac", "medical", "ambulance")
STOP_WORDS = ("stop.", "low_away", "off_aerodrome", "strip")
"""A finding whose rule holds such a word tells of a landing away from listed aerodromes."""
PENDING = "not_yet_explained"
"""Shown in place of ``unexplained`` until two people have gone through every check."""


@dataclass(frozen=True)
class Cell:
    """A place known only to a cell of CELL_M. ``what``: strip, medical or stop."""

    lat_deg: float
    lon_deg: float
    what: str


@dataclass(frozen=True)
class ShownFlight:
    """One flight as its audience may see it: the columns of the contract that are left, its path, its cells."""

    flight: str
    row: Mapping[str, Any]
    path: Path
    icao24: tuple[str, ...] = ()
    callsigns: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    blurred_start: bool = False
    blurred_end: bool = False
    records: tuple[Records, ...] = ()
    seen: Seen = UNSEEN


@dataclass(frozen=True)
class Shown:
    """Everything an audience may see, in the order of the flights table. Only :func:`veil` makes one."""

    audience: Audience
    flights: tuple[ShownFlight, ...]
    places: tuple[Mapping[str, Any], ...]
    hidden: Hidden
    strips_delayed: int = 0

    def thinned(self, tolerance_m: float) -> Shown:
        """Return the same with fewer path points, see :meth:`waman.export.Path.thinned`."""
        flights = tuple(replace(f, path=f.path.thinned(tolerance_m)) for f in self.flights)
        return replace(self, flights=flights)


def veil(
    flights: pa.Table,
    tracks: pa.Table,
    places: Iterable[Mapping[str, Any]] = (),
    *,
    made_us: int,
    audience: Audience = "public",
    identities: Iterable[str] = (),
) -> Shown:
    """Return what ``audience`` may see.

    Parameters
    ----------
    flights, tracks : the contract tables
    places : records of places (``waman.store.read_places(...)`` rows); their order is kept
    made_us : when the product is made, UTC [µs]; strips seen less than 48 hours before are withheld
    identities : names that may stand in texts besides those of the tracks (registrations, plans)
    """
    flights, tracks = tables.check("flights", flights, extra=True), tables.check("tracks", tracks)
    keep = [n for n in flights.schema.names if n == "values" or (n in tables.FLIGHTS.names and n != "geometry")]
    known = {str(p["id"]): p for p in places}
    hidden = NOTHING_HIDDEN
    if not shows(audience, "identity"):
        hidden = Hidden.of([*_words(tracks, "icao24"), *_words(tracks, "callsign"), *identities])
    rows = observed(tracks)
    who = _identities(tracks) if shows(audience, "identity") else {}
    shown = []
    for number, row in enumerate(flights.select(keep).to_pylist()):
        shown.append(_flight(row, number, rows, known, who, hidden, audience, made_us))
    places_shown, delayed = _places(known, hidden, audience, made_us)
    return Shown(audience, tuple(shown), tuple(places_shown), hidden, delayed)


def cell_of(lat_deg: float, lon_deg: float) -> tuple[int, int]:
    """Return the row and column of the 5 km cell of a position, the same for everyone.

    >>> cell_of(-12.0, -74.5) == cell_of(-11.99, -74.49)
    True
    """
    row = math.floor(lat_deg / CELL_DEG)
    return row, math.floor(lon_deg / _width_deg(row))


def cell_centre(row: int, column: int) -> tuple[float, float]:
    """Return latitude and longitude of the middle of a cell, rounded to 0.01 degrees."""
    return round((row + 0.5) * CELL_DEG, 2), round((column + 0.5) * _width_deg(row), 2)


def _width_deg(row: int) -> float:
    return CELL_DEG / max(0.05, math.cos(math.radians((row + 0.5) * CELL_DEG)))


def _words(tracks: pa.Table, column: str) -> list[str]:
    found: list[str] = pc.unique(tracks[column].cast(pa.string()).drop_null()).to_pylist()
    return found


def _identities(tracks: pa.Table) -> dict[int, tuple[set[str], set[str]]]:
    """Return for each track its addresses and callsigns."""
    plain = pa.table(
        {n: tracks[n].cast(pa.string()) if n != "track" else tracks[n] for n in ("track", "icao24", "callsign")}
    )
    out: dict[int, tuple[set[str], set[str]]] = {}
    for row in plain.group_by(["track", "icao24", "callsign"]).aggregate([]).to_pylist():
        addresses, callsigns = out.setdefault(row["track"], (set(), set()))
        addresses.update([row["icao24"]] if row["icao24"] else [])
        callsigns.update([row["callsign"]] if row["callsign"] else [])
    return out


def _flight(
    row: dict[str, Any],
    number: int,
    rows: Observed,
    places: Mapping[str, Mapping[str, Any]],
    who: Mapping[int, tuple[set[str], set[str]]],
    hidden: Hidden,
    audience: Audience,
    made_us: int,
) -> ShownFlight:
    mine = rows.rows(row["tracks"], _us(row["start"]), _us(row["end"]))
    path = rows.path(mine)
    spots = _sensitive(row, path, places, audience)
    blur = "medical" if any(s[2] == "medical" for s in spots) else "stop" if spots else ""
    late = _us(row["end"]) > made_us - STRIP_DELAY_US and any(what != "medical" for *_, what in spots)
    cut, start, end = _cut(path, spots)
    for side in ("origin", "destination") if spots else ():
        if not _listed(places.get(row[side] or ""), medical=blur == "medical"):
            row[side] = row[f"{side}_probability"] = None
    ids = [who[t] for t in row["tracks"] if t in who]
    cells = {(*cell_centre(*cell_of(lat, lon)), what) for lat, lon, what in spots}
    return ShownFlight(
        flight=f"F{number + 1:04d}" if hidden.holds(row["flight"]) else row["flight"],
        row=_texts(row, hidden, audience, blur=blur),
        path=NO_PATH if late else cut,
        icao24=tuple(sorted(set().union(*(i[0] for i in ids)))),
        callsigns=tuple(sorted(set().union(*(i[1] for i in ids)))),
        cells=() if late else tuple(Cell(*c) for c in sorted(cells)),
        blurred_start=start,
        blurred_end=end,
        records=rows.records(mine) if shows(audience, "source_offset") else (),
        seen=rows.seen(mine) if shows(audience, "source_offset") else Seen(rows=len(mine)),
    )


def _us(when: Any) -> int:
    return int(pa.scalar(when, tables.TIME).value)


def _texts(row: dict[str, Any], hidden: Hidden, audience: Audience, *, blur: str) -> dict[str, Any]:
    """Return the row with clean sentences in every language, without the people who did a check where hidden."""
    out = {k: v for k, v in row.items() if k != "values"}
    values = row.get("values") or [None] * len(row["findings"])
    out["findings"] = [_finding(f, v, hidden, blur=blur) for f, v in zip(row["findings"], values, strict=True)]
    out["checks"] = [_check(c, hidden, audience, blur=blur) for c in row["checks"]]
    # a doubt once recorded goes with the flight into every product, whatever it is called later
    out["doubts"] = doubts([{**c, "by": was["by"]} for c, was in zip(out["checks"], row["checks"], strict=True)])
    if not shows(audience, "person"):
        out["doubts"] = [{**d, "by": None} for d in out["doubts"]]
    waits = may_publish_unexplained(row["checks"]) if row["verdict"] == "unexplained" else []
    people = people_by_check(row["checks"]) if waits else {}
    out["waits_for"] = [
        {"check": c, "people": n, "texts": {x: question(c, x) for x in LANGUAGES}}
        for c, n in people.items()
        if n < PEOPLE_MIN
    ]
    if waits and audience != "workspace":
        out["verdict"] = PENDING
    return out


def _finding(found: dict[str, Any], values: str | None, hidden: Hidden, *, blur: str) -> dict[str, Any]:
    """Return a finding with its sentence by language (``texts``); a landing to be blurred is named by its cell."""
    if values is None:
        text = hidden.clean(found["text"] or "", positions=bool(blur))
        return {**found, "text": text, "texts": {x: text.replace(WITHHELD, WITHHELD_IN[x]) for x in LANGUAGES}}
    known = json.loads(values)
    if blur:
        known["near"] = None
        if known.get("lat") is not None:
            known["lat"], known["lon"] = cell_centre(*cell_of(known["lat"], known["lon"]))
        if blur == "medical" and "place" in known:
            known["place"] = WITHHELD
    said = {x: hidden.clean(sentence(found["rule"], known, x)) for x in LANGUAGES}
    texts = {x: text.replace(WITHHELD, WITHHELD_IN[x]) for x, text in said.items()}
    return {**found, "text": texts["en"], "texts": texts}


def _check(done: dict[str, Any], hidden: Hidden, audience: Audience, *, blur: str) -> dict[str, Any]:
    answer = hidden.clean(done["answer"], positions=bool(blur)) if done["answer"] else done["answer"]
    asked = {x: question(done["check"], x) for x in LANGUAGES}
    return {**done, "by": done["by"] if shows(audience, "person") else None, "answer": answer, "texts": asked}


def _listed(place: Mapping[str, Any] | None, *, medical: bool) -> bool:
    if place is None:
        return False
    kinds = LISTED_KINDS - {"heliport"} if medical else LISTED_KINDS
    return place.get("kind") in kinds and place.get("listed") is not False


def _sensitive(
    row: Mapping[str, Any], path: Path, places: Mapping[str, Mapping[str, Any]], audience: Audience
) -> list[tuple[float, float, str]]:
    """Return the positions (latitude, longitude, what) that this audience may know only as a cell."""
    rules = [f["rule"] or "" for f in row["findings"]]
    medical = any(w in r for r in rules for w in MEDICAL_WORDS) and not shows(audience, "medical_landing")
    stop = row["verdict"] == "unexplained" or any(w in r for r in rules for w in STOP_WORDS)
    strips = not shows(audience, "strip_exact")
    spots: list[tuple[float, float, str]] = []
    for side, at in (("origin", 0), ("destination", -1)):
        place = places.get(row[side] or "")
        if _listed(place, medical=medical):
            continue
        unlisted = place is not None and place.get("kind") == "strip" and place.get("listed") is not True
        off = place is None and (stop or (side == "destination" and bool(row["landed"])))
        what = "medical" if medical else "strip" if unlisted else "stop"
        if (medical or (strips and (unlisted or off))) and len(path):
            spots.append((float(path.lat_deg[at]), float(path.lon_deg[at]), what))
        if strips and unlisted and place is not None:
            spots.append((float(place["lat_deg"]), float(place["lon_deg"]), what))
    what = "medical" if medical else "stop"
    if (medical or (strips and stop)) and len(path) > 2:
        still = _speed_mps(path) < SLOW_MPS
        for place in (places.get(row[side] or "") for side in ("origin", "destination")):
            if place is not None and _listed(place, medical=medical):
                still &= _distance_m(path, place) > CELL_M
        spots += [(float(path.lat_deg[i]), float(path.lon_deg[i]), what) for i in np.flatnonzero(still)]
    if strips and stop and len(path):
        near = [p for p in places.values() if p.get("kind") == "strip" and p.get("listed") is not True]
        spots += [(p["lat_deg"], p["lon_deg"], "strip") for p in near if _distance_m(path, p).min() < CELL_M]
    return spots


def _distance_m(path: Path, place: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return how far each point of a path is from a place [m]; flat earth, right to 1 % within 100 km."""
    north = (path.lat_deg - place["lat_deg"]) * 111_195.0
    east = (path.lon_deg - place["lon_deg"]) * 111_195.0 * math.cos(math.radians(place["lat_deg"]))
    return np.asarray(np.hypot(north, east), np.float64)


def _speed_mps(path: Path) -> NDArray[np.float64]:
    """Return the speed from each point to the next [m/s]; the last repeats."""
    north = np.diff(path.lat_deg) * 111_195.0
    east = np.diff(path.lon_deg) * 111_195.0 * np.cos(np.radians(path.lat_deg[:-1]))
    step_s = np.maximum(np.diff(path.time_us) / 1e6, 1e-3)
    speed = np.hypot(north, east) / step_s
    whole: NDArray[np.float64] = np.r_[speed, speed[-1:]]
    return whole


def _cut(path: Path, spots: list[tuple[float, float, str]]) -> tuple[Path, bool, bool]:
    """Return the path without the points in the cells of the spots and the cells around them."""
    if not spots or not len(path):
        return path, False, False
    hide: set[tuple[int, int]] = set()
    for lat, lon, _ in spots:
        middle_row, _ = cell_of(lat, lon)
        for row in range(middle_row - 1, middle_row + 2):
            column = math.floor(lon / _width_deg(row))
            hide.update((row, column + step) for step in (-1, 0, 1))
    mask = np.array([cell_of(a, b) not in hide for a, b in zip(path.lat_deg, path.lon_deg, strict=True)])
    return path.keep(mask), not mask[0], not mask[-1]


def _places(
    places: Mapping[str, Mapping[str, Any]], hidden: Hidden, audience: Audience, made_us: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the places to show and how many strips wait for their 48 hours."""
    out, delayed = [], 0
    for place in places.values():
        plain = {k: v for k, v in place.items() if k not in ("geometry", "source") and v is not None}
        if place.get("kind") == "strip" and place.get("listed") is not True and not shows(audience, "strip_exact"):
            times = [_us(place[k]) for k in ("first_seen", "last_seen") if place.get(k) is not None]
            if any(t > made_us - STRIP_DELAY_US for t in times):
                delayed += 1
                continue
            lat, lon = cell_centre(*cell_of(place["lat_deg"], place["lon_deg"]))
            plain = {k: v for k, v in plain.items() if k in ("id", "kind", "listed", "state")}
            plain |= {"lat_deg": lat, "lon_deg": lon, "cell_m": CELL_M}
        for word in ("id", "name"):
            if word in plain and plain.get("kind") not in LISTED_KINDS:
                plain[word] = hidden.clean(str(plain[word]), positions=not shows(audience, "strip_exact"))
        out.append(plain)
    return out, delayed

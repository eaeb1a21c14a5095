"""Who on the ground could be there before a flight leaves again, and whom asking would tell.

The record says that no team reached a strip in time unless it was there already: loading takes 5 to 12
minutes. "Nobody can arrive" is the usual and honest answer; then observing from afar is what is left, and
where a team would have to wait beforehand. Nothing here is about the aircraft in flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waman.config import Team
from waman.flights.ahead.intent import Whither
from waman.geo.geodesy import distance_m

GROUND_MIN = (5.0, 7.0, 12.0)
"""Minutes on the ground: least, mode, most (facts of the corridor, section 5, grade A)."""
SPEED_SD = 0.25
"""Share of a team's speed that is unknown: road, river, weather (assumption)."""
READY_SD = 0.3
MIN_REACH = 0.2
"""Below this no proposal is made (reference: response windows)."""
LAWFUL_MAX = 0.5
DRAWS = 2000

OBSERVE = "Observe from a safe distance; do not approach."
NOBODY = "No team can be there before it leaves. Observe: camera, satellite pass, registration read from afar."
LAWFUL = "A lawful explanation is still more likely than not: no proposal."
TEXT_ES = {
    OBSERVE: "Observar a distancia segura; no acercarse.",
    NOBODY: "Ningún equipo puede llegar antes de que se vaya. Observar: cámara, satélite, matrícula leída de lejos.",
    LAWFUL: "Una explicación lícita sigue siendo más probable que no: no se propone nada.",
}


@dataclass(frozen=True)
class Destination:
    """A place a flight may go to: where it is, and whether armed guards are likely there."""

    id: str
    lat_deg: float
    lon_deg: float
    armed_guards_likely: bool = False


@dataclass(frozen=True)
class Reach:
    """What one team can do. ``reach`` is the probability of being there before departure, over all places.

    ``by_place`` are the places that make it up, likeliest first; ``tells`` is the unit that asking for
    transport would tell; ``advice`` is empty, or says to keep away.
    """

    team: str
    reach: float
    by_place: tuple[tuple[str, float], ...]
    tells: str | None
    advice: str


@dataclass(frozen=True)
class Response:
    """Teams ranked by reach, one sentence, and the pre-placement that would help most (place, probability)."""

    teams: tuple[Reach, ...]
    sentence: str
    wait_at: tuple[str, float] | None


def response(
    answer: Whither, places: Sequence[Destination], teams: Sequence[Team], *, lawful: float, seed: int = 0
) -> Response:
    """Return what each team could do, given where the flight may go.

    Parameters
    ----------
    answer : from :func:`waman.flights.ahead.intent.whither`, its places in the order of ``places``
    lawful : probability that a lawful explanation holds (0..1); above a half nothing is proposed
    seed : of the draws of travel time, ground time and arrival (2,000; standard error below 0.012)
    """
    assert len(places) == len(answer.ids), "one place for each probability"
    wait_at = _wait_at(answer)
    if lawful > LAWFUL_MAX:
        return Response((), LAWFUL, None)
    rng = np.random.default_rng(seed)
    leaves_s = _leaves(answer, rng)
    reached = [_reach(team, answer, places, leaves_s, rng) for team in teams]
    ranked = tuple(sorted((r for r in reached if r.reach >= MIN_REACH), key=lambda r: (-r.reach, r.team)))
    if not ranked:
        return Response((), NOBODY, wait_at)
    best = ranked[0]
    where = best.by_place[0][0]
    sentence = f"{best.team} could be there before it leaves with probability {best.reach:.2f}, most likely at {where}."
    return Response(ranked, sentence, wait_at)


def reach_of(team: Team, answer: Whither, places: Sequence[Destination], *, seed: int = 0) -> Reach:
    """Return what one team can do, whatever its reach (see :func:`response` for what is worth proposing)."""
    rng = np.random.default_rng(seed)
    return _reach(team, answer, places, _leaves(answer, rng), rng)


def _leaves(answer: Whither, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw when it would leave each place again [s from now]: arrival plus ground time, (draws, places)."""
    middle = 0.5 * (answer.arrive_low_s + answer.arrive_high_s)
    sd = np.maximum((answer.arrive_high_s - answer.arrive_low_s) / (2.0 * 1.645), 1.0)
    arrive = np.maximum(middle + sd * rng.standard_normal((DRAWS, 1)), 0.0)
    low, mode, high = GROUND_MIN
    return np.asarray(arrive + 60.0 * rng.triangular(low, mode, high, (DRAWS, 1)), np.float64)


def _reach(
    team: Team, answer: Whither, places: Sequence[Destination], leaves_s: NDArray[np.float64], rng: np.random.Generator
) -> Reach:
    lat, lon = (np.array([getattr(p, n) for p in places], np.float64) for n in ("lat_deg", "lon_deg"))
    far = distance_m(lat1_deg=team.lat_deg, lon1_deg=team.lon_deg, lat2_deg=lat, lon2_deg=lon)
    speed = team.speed_kmh / 3.6 * np.exp(SPEED_SD * rng.standard_normal((DRAWS, 1)))
    ready = 60.0 * team.ready_min * np.exp(READY_SD * rng.standard_normal((DRAWS, 1)))
    there = (ready + far / speed < leaves_s).mean(axis=0)
    each = answer.probability[: len(places)] * there
    order = np.argsort(-each, kind="stable")[:3]
    guarded = bool(np.sum(each[[p.armed_guards_likely for p in places]]) > 0.0)
    return Reach(
        team=team.id,
        reach=float(each.sum()),
        by_place=tuple((places[i].id, float(each[i])) for i in order if each[i] > 0.0),
        tells=team.transport_unit,
        advice=OBSERVE if team.observe_only or guarded else "",
    )


def _wait_at(answer: Whither) -> tuple[str, float] | None:
    """Return the place where a team already waiting would most likely see the flight."""
    if not answer.ids:
        return None
    best = int(np.argmax(answer.probability[:-1]))
    return answer.ids[best], float(answer.probability[best])

"""The aircraft in the register.

What it checks: whether the address heard stands in a register given by file, with which status,
and whether its type can fly as this aircraft flew.

Why it matters: an address of an aircraft that was destroyed, seized or struck off cannot be
flown by that aircraft: the identity is disputed.

What it must not be used for: naming an owner. The register's owner is never read. A row that is
missing says little: registers are late, and other countries' aircraft are not in them.

Example: the address heard belongs to an aircraft listed as destroyed: positive, source "register".

Known false positives: registers that lag behind a sale or a repair; addresses wrongly programmed
after maintenance; two registers that disagree.
"""

from __future__ import annotations

from collections.abc import Sequence

from waman.flights.record import Flight, Found, Given

GONE = frozenset({"cancelled", "destroyed", "seized"})
TOP_MPS = {"C": 110.0, "H": 95.0}
"""Fastest ground speed [m/s] believed of light singles (C172 to C210) and helicopters, with 25 m/s of tail wind."""
LIGHT = ("C15", "C17", "C18", "C20", "C21", "PA18", "PA28", "PA32", "BE36", "BE35")
ROTOR = ("R22", "R44", "R66", "B06", "B407", "AS50", "EC35", "EC45", "H125", "H135", "H145", "MI8", "MI17", "UH1")


def find(flight: Flight, given: Given) -> Sequence[Found]:
    """Return what the register says about the address heard."""
    if given.register is None or flight.icao24 is None:
        return []
    aircraft = given.register.get(flight.icao24)
    if aircraft is None:
        # how complete a register is, nobody has said: its silence weighs nothing
        return [Found("register.absent", searchable=None)]
    if aircraft.status in GONE:
        return [Found("register.contradicted", {"status": aircraft.status})]
    top = _top_mps(aircraft.type)
    speed = flight.measure("speed_top_mps")
    if top is not None and speed > top:
        return [Found("register.type", {"type": aircraft.type, "speed_kt": speed / 0.514444})]
    return [Found("register.valid")] if aircraft.status == "valid" else []


def _top_mps(kind: str) -> float | None:
    name = kind.upper().replace("-", "").replace(" ", "")
    if name.startswith(LIGHT):
        return TOP_MPS["C"]
    return TOP_MPS["H"] if name.startswith(ROTOR) else None

"""What each finding says, in English and Spanish: two tables with the same keys.

The sentences name no address, callsign or registration, and positions only to a cell: what the
public may not see is not in them. Figures come from the finding's values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LANGUAGES = ("en", "es")

ENGLISH: Mapping[str, str] = {
    "identity.consistent": (
        "A transponder gave one identity through {share:.0%} of what was seen, without contradiction. That is a "
        "declaration: identities can be copied."
    ),
    "identity.part": "A transponder identity was heard in only {share:.0%} of what was seen.",
    "identity.none": (
        "No transponder was heard. Whether one could have been heard here is not known, so this weighs nothing."
    ),
    "identity.code": (
        "A transponder answered with a code that says no name: it can be asked for, by radio or of the control centre."
    ),
    "identity.silent": (
        "No transponder was heard. One would have been heard here with probability {hearable:.0%} a scan."
    ),
    "plan.matched": "A filed plan names this flight, from {origin} to {destination}. That is a declaration.",
    "plan.fits": (
        "A filed plan fits where and when this flight was seen, though it does not name it. It is a declaration."
    ),
    "plan.flown": "The flight was seen to begin or end where its plan says ({ends} of 2 ends).",
    "plan.left": (
        "The flight ended {km:.0f} km from {destination}, the destination of its plan. Its identity is disputed."
    ),
    "plan.left_on_other_leg": (
        "Another leg of this aircraft left the same plan, to {destination}: the plan does not explain this one."
    ),
    "plan.none": (
        "No plan was found. At this source at least {share:.0%} of flights file one, so some lawful flights do not."
    ),
    "plan.unknown": "No plan was found. How many flights file at this source is not known, so this weighs nothing.",
    "register.valid": "The register lists the identity heard as valid.",
    "register.absent": (
        "The identity heard is not in the register given. Registers are incomplete; this weighs nothing."
    ),
    "register.contradicted": (
        "The register lists the aircraft of the identity heard as {status}. The identity is disputed."
    ),
    "register.type": (
        "The aircraft flew at {speed_kt:.0f} kt, which the registered type ({type}) cannot. The identity is disputed."
    ),
    "aerodrome.both_ends": "It flew from {origin} to {destination}, both listed aerodromes.",
    "aerodrome.one_end_and_edge": (
        "One end is the listed aerodrome {place}; the other lies across the edge of the watched area."
    ),
    "aerodrome.one_end": "One end is the listed aerodrome {place}; the other was not observed.",
    "aerodrome.listed_strip": "One end is the listed strip {place}; the other was not observed.",
    "pattern.en_route": (
        "It cruised at flight level {level:.0f} and {speed_kt:.0f} kt, as airliners do under control."
    ),
    "pattern.medical": "It bears a medical callsign and flew for {minutes:.0f} minutes as a helicopter does.",
    "pattern.survey": (
        "It flew parallel lines both ways over a small area ({km:.0f} km in all), as survey aircraft do."
    ),
    "pattern.soaring": "It climbed and sank {climbs:.0f} times in {hours:.1f} hours, slowly, as gliders do.",
    "pattern.circuit": "It stayed in the circuit of {place}, a listed aerodrome, as training flights do.",
    "pattern.loiter": (
        "It circled in view over a small area for {minutes:.0f} minutes, as patrols and fire-fighting do."
    ),
    "pattern.shuttle": "It left {place} and came back to it without a stop being seen.",
    "check.confirmed": "Somebody who was asked knows the flight. The answer stands among the checks.",
    "stop.unlisted": (
        "It stopped {km:.0f} km from the nearest listed aerodrome{minutes_text}. Unlisted proves nothing by itself."
    ),
    "stop.hidden": (
        "It vanished and came up again at the same place{minutes_text}, {km:.0f} km from the nearest listed "
        "aerodrome: it stood there, or circled low out of sight. Landing was not observed."
    ),
    "stop.not_of_entry": (
        "It came over a border that no plan names and stopped{minutes_text} near a listed strip, {km:.0f} km from the "
        "nearest listed aerodrome: flights from abroad land first where they can be checked."
    ),
    "stop.long": (
        "It stopped{minutes_text}, {km:.0f} km from the nearest listed aerodrome, longer than loading takes."
    ),
    "stop.unwatched": (
        "Where it was between two sightings{minutes_text} is not known: no sensor that was on could see there; "
        "not weighed."
    ),
    "stop.helicopter": (
        "It stopped {km:.0f} km from the nearest listed aerodrome{minutes_text}, as helicopters do; not weighed."
    ),
    "stop.community": (
        "It stopped{minutes_text} at a village or mission, {km:.0f} km from the nearest listed aerodrome; not weighed."
    ),
    "stop.glider": (
        "It stopped {km:.0f} km from the nearest listed aerodrome{minutes_text}, as gliders do; not weighed."
    ),
    "border.crossed": "Its path crosses a border, and no plan that was found says so.",
    "border.crossed_on_other_leg": ("Before or after this stop the same aircraft crossed a border that no plan names."),
    "border.as_planned": "Its path crosses a border, as its plan says; not weighed.",
    "report.read": "Somebody read a registration that the register lists as valid. Paint proves no identity.",
    "report.landing": (
        "Somebody on the ground reported a landing or a take-off where and when this one was out of sight, away from "
        "listed aerodromes and settlements; no other was seen near."
    ),
    "contradiction.two_places": (
        "The same identity was heard in two places at once. Which of the two flights it belongs to is not known. "
        "The identity is disputed."
    ),
    "contradiction.performance": (
        "It was seen at {speed_kt:.0f} kt or higher than civil aircraft fly. The identity or the positions are "
        "disputed."
    ),
    "low.en_route": (
        "Its lowest height was between {low_m:.0f} and {high_m:.0f} m above ground (90 %). Low flight is common."
    ),
    "end.low_away": (
        "It was last seen low and sinking, {km:.0f} km from the nearest listed aerodrome. Where it went then is "
        "not known."
    ),
    "end.landed": "It was seen on the ground at the end, {time}{near_text}.",
    "end.not_observed": "Last seen {time}{near_text}{speed_text}; landing not observed.",
    "end.left_area": "It left the watched area at {time}{near_text}.",
    "end.impact": (
        "Search and rescue first: it was last seen {time} falling fast close to the ground, near {lat:.2f}, "
        "{lon:.2f}. An impact is possible."
    ),
    "end.live": (
        "Still in view at {time}{near_text}{speed_text}. Not yet explained is not unexplained: the checks are "
        "outstanding."
    ),
}

SPANISH: Mapping[str, str] = {
    "identity.consistent": (
        "Un transpondedor dio una sola identidad en el {share:.0%} de lo observado, sin contradicción. Es una "
        "declaración: las identidades pueden copiarse."
    ),
    "identity.part": "Solo se oyó una identidad de transpondedor en el {share:.0%} de lo observado.",
    "identity.none": "No se oyó ningún transpondedor. No se sabe si aquí podía oírse, así que no pesa nada.",
    "identity.code": (
        "Un transpondedor respondió con un código que no da nombre: se puede preguntar, por radio o al centro de "
        "control."
    ),
    "identity.silent": (
        "No se oyó ningún transpondedor. Aquí se habría oído uno con probabilidad {hearable:.0%} por vuelta."
    ),
    "plan.matched": "Un plan presentado nombra este vuelo, de {origin} a {destination}. Es una declaración.",
    "plan.fits": (
        "Un plan presentado encaja con dónde y cuándo se vio este vuelo, aunque no lo nombra. Es una declaración."
    ),
    "plan.flown": "Se vio que el vuelo empezó o terminó donde dice su plan ({ends} de 2 extremos).",
    "plan.left": (
        "El vuelo terminó a {km:.0f} km de {destination}, el destino de su plan. Su identidad está en disputa."
    ),
    "plan.left_on_other_leg": (
        "Otro tramo de esta aeronave dejó el mismo plan, hacia {destination}: el plan no explica este."
    ),
    "plan.none": (
        "No se halló ningún plan. En esta fuente presentan plan al menos el {share:.0%} de los vuelos, de modo "
        "que algunos vuelos lícitos no lo hacen."
    ),
    "plan.unknown": (
        "No se halló ningún plan. No se sabe cuántos vuelos lo presentan en esta fuente, así que no pesa nada."
    ),
    "register.valid": "El registro da por válida la identidad oída.",
    "register.absent": "La identidad oída no está en el registro dado. Los registros son incompletos; no pesa nada.",
    "register.contradicted": (
        "El registro da la aeronave de la identidad oída por {status}. La identidad está en disputa."
    ),
    "register.type": (
        "La aeronave voló a {speed_kt:.0f} kt, cosa que el tipo registrado ({type}) no puede. La identidad está "
        "en disputa."
    ),
    "aerodrome.both_ends": "Voló de {origin} a {destination}, ambos aeródromos listados.",
    "aerodrome.one_end_and_edge": (
        "Un extremo es el aeródromo listado {place}; el otro está más allá del área vigilada."
    ),
    "aerodrome.one_end": "Un extremo es el aeródromo listado {place}; el otro no se observó.",
    "aerodrome.listed_strip": "Un extremo es la pista listada {place}; el otro no se observó.",
    "pattern.en_route": (
        "Voló en crucero a nivel {level:.0f} y {speed_kt:.0f} kt, como los aviones de línea bajo control."
    ),
    "pattern.medical": "Lleva distintivo médico y voló {minutes:.0f} minutos como lo hace un helicóptero.",
    "pattern.survey": (
        "Voló líneas paralelas en ambos sentidos sobre un área pequeña ({km:.0f} km en total), como las "
        "aeronaves de reconocimiento aéreo."
    ),
    "pattern.soaring": "Subió y bajó {climbs:.0f} veces en {hours:.1f} horas, despacio, como los planeadores.",
    "pattern.circuit": "Permaneció en el circuito de {place}, aeródromo listado, como los vuelos de instrucción.",
    "pattern.loiter": (
        "Dio vueltas a la vista sobre un área pequeña durante {minutes:.0f} minutos, como las patrullas y los "
        "aviones contra incendios."
    ),
    "pattern.shuttle": "Salió de {place} y volvió allí sin que se viera ninguna parada.",
    "check.confirmed": "Alguien a quien se preguntó conoce el vuelo. La respuesta está entre las comprobaciones.",
    "stop.unlisted": (
        "Se detuvo a {km:.0f} km del aeródromo listado más cercano{minutes_text}. No estar listado no prueba nada."
    ),
    "stop.hidden": (
        "Desapareció y volvió a aparecer en el mismo lugar{minutes_text}, a {km:.0f} km del aeródromo listado "
        "más cercano: estuvo en tierra, o dio vueltas bajo y fuera de la vista. No se observó el aterrizaje."
    ),
    "stop.not_of_entry": (
        "Cruzó una frontera que ningún plan nombra y se detuvo{minutes_text} cerca de una pista listada, a {km:.0f} km "
        "del aeródromo listado más cercano: los vuelos del extranjero aterrizan primero donde se les puede controlar."
    ),
    "stop.long": (
        "Se detuvo{minutes_text}, a {km:.0f} km del aeródromo listado más cercano, más de lo que tarda una carga."
    ),
    "stop.unwatched": (
        "No se sabe dónde estuvo entre dos avistamientos{minutes_text}: ningún sensor encendido podía ver allí; "
        "no se pesa."
    ),
    "stop.helicopter": (
        "Se detuvo a {km:.0f} km del aeródromo listado más cercano{minutes_text}, como los helicópteros; no se pesa."
    ),
    "stop.community": (
        "Se detuvo{minutes_text} en una aldea o misión, a {km:.0f} km del aeródromo listado más cercano; no se pesa."
    ),
    "stop.glider": (
        "Se detuvo a {km:.0f} km del aeródromo listado más cercano{minutes_text}, como los planeadores; no se pesa."
    ),
    "border.crossed": "Su trayectoria cruza una frontera y ningún plan hallado lo dice.",
    "border.crossed_on_other_leg": (
        "Antes o después de esta parada la misma aeronave cruzó una frontera que ningún plan nombra."
    ),
    "border.as_planned": "Su trayectoria cruza una frontera, como dice su plan; no se pesa.",
    "report.read": "Alguien leyó una matrícula que el registro da por válida. La pintura no prueba una identidad.",
    "report.landing": (
        "Alguien en tierra informó de un aterrizaje o un despegue donde y cuando esta no estaba a la vista, lejos de "
        "aeródromos listados y de poblados; no se vio otra cerca."
    ),
    "contradiction.two_places": (
        "La misma identidad se oyó en dos lugares a la vez. No se sabe a cuál de los dos vuelos pertenece. La "
        "identidad está en disputa."
    ),
    "contradiction.performance": (
        "Se vio a {speed_kt:.0f} kt o más alto de lo que vuelan las aeronaves civiles. La identidad o las "
        "posiciones están en disputa."
    ),
    "low.en_route": (
        "Su altura mínima estuvo entre {low_m:.0f} y {high_m:.0f} m sobre el suelo (90 %). Volar bajo es común."
    ),
    "end.low_away": (
        "Se vio por última vez bajo y descendiendo, a {km:.0f} km del aeródromo listado más cercano. No se sabe "
        "adónde fue después."
    ),
    "end.landed": "Al final se vio en tierra, {time}{near_text}.",
    "end.not_observed": "Visto por última vez {time}{near_text}{speed_text}; no se observó el aterrizaje.",
    "end.left_area": "Salió del área vigilada a las {time}{near_text}.",
    "end.impact": (
        "Primero búsqueda y rescate: se vio por última vez {time} cayendo rápido cerca del suelo, cerca de "
        "{lat:.2f}, {lon:.2f}. Es posible un impacto."
    ),
    "end.live": (
        "Aún a la vista a las {time}{near_text}{speed_text}. Aún no explicado no es inexplicado: faltan las "
        "comprobaciones."
    ),
}

_TABLES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "es": SPANISH}
_PARTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "minutes": " ({:.0f} minutes)",
        "near": ", near {}",
        "cell": ", near {:.2f}, {:.2f}",
        "speed": ", {:.0f} km/h",
    },
    "es": {
        "minutes": " ({:.0f} minutos)",
        "near": ", cerca de {}",
        "cell": ", cerca de {:.2f}, {:.2f}",
        "speed": ", {:.0f} km/h",
    },
}
STATUS_ES: Mapping[str, str] = {"cancelled": "cancelada", "destroyed": "destruida", "seized": "incautada"}


def sentence(rule: str, values: Mapping[str, Any], language: str = "en") -> str:
    """Return the sentence of a finding in ``en`` or ``es``; an unknown language falls back to English.

    >>> sentence("register.contradicted", {"status": "destroyed"}, "es")
    'El registro da la aeronave de la identidad oída por destruida. La identidad está en disputa.'
    """
    table, parts = _TABLES.get(language, ENGLISH), _PARTS.get(language, _PARTS["en"])
    known: dict[str, Any] = {k: math.nan if v is None else v for k, v in values.items()}
    minutes, speed, near = values.get("minutes"), values.get("speed_kmh"), values.get("near")
    known["minutes_text"] = parts["minutes"].format(minutes) if minutes else ""
    known["speed_text"] = parts["speed"].format(speed) if speed is not None else ""
    if near:
        known["near_text"] = parts["near"].format(near)
    elif values.get("lat") is not None:
        known["near_text"] = parts["cell"].format(values["lat"], values["lon"])
    else:
        known["near_text"] = ""
    if language == "es" and "status" in known:
        known["status"] = STATUS_ES.get(str(known["status"]), known["status"])
    return table[rule].format(**known)

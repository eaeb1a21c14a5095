"""Tracks to explained flights: cut, place, find, weigh. Says what was seen, what could not be, and why.

``explain`` is the stage; ``Given`` what a flight is weighed against; ``sentence`` renders a finding
in another language; ``places_of`` and ``listed_aerodromes`` make places. Opens no file.
"""

from waman.flights.given import given_of
from waman.flights.places import Places, listed_aerodromes, places_of
from waman.flights.record import Given
from waman.flights.sentences import sentence
from waman.flights.stage import explain

__all__ = ["Given", "Places", "explain", "given_of", "listed_aerodromes", "places_of", "sentence"]

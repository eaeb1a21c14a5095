"""What a sensor can see, and how surely: lowest visible height, beam, radar equation, availability.

The one object every other stage asks is :class:`DetectionField`.
"""

from waman.coverage.availability import dark_stretches, state_at
from waman.coverage.build import build_field, build_folder
from waman.coverage.detect.model import SensorModel, catalogue, resolve
from waman.coverage.field import DetectionField
from waman.coverage.sight.sweep import lowest_visible_height

__all__ = [
    "DetectionField",
    "SensorModel",
    "build_field",
    "build_folder",
    "catalogue",
    "dark_stretches",
    "lowest_visible_height",
    "resolve",
    "state_at",
]

"""One sensor with everything resolved: where it stands, its beam, how it detects, what is not modelled.

This record is a row of ``sensors.json`` in a field folder. It is made from an area file's
``[[sensor]]`` and the catalogue (:func:`resolve`), and completed by the terrain when a field
is built.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from waman.config import Sensor
from waman.errors import ConfigError

Method = Literal["radar", "constant", "link", "observer", "learned"]

COOPERATIVE_KINDS = frozenset({"ssr", "mode_s", "ads_b", "mlat", "network"})
"""Kinds that see only aircraft whose transponder is on."""

CONFIRM_M, CONFIRM_N = 2, 3
NO_CANOPY = "vegetation above the ground model"


class SensorModel(msgspec.Struct, frozen=True, kw_only=True):
    """A resolved sensor. Lengths [m], heights above the geoid [m], angles [deg], speeds [m/s].

    ``r90_m`` is the slant range at which a target of ``rcs_m2`` is detected with probability
    0.9 a scan at the peak of the beam. ``elevation_min_deg`` None means that the beam is not
    modelled. ``pattern_db`` holds (elevation [deg], one-way gain relative to the peak [dB]).
    ``night_share`` is what sleep leaves of an observer's chance.
    """

    id: str
    kind: str
    lat_deg: float
    lon_deg: float
    method: Method
    antenna_height_m: float | None = None
    antenna_msl_m: float | None = None
    ground_msl_m: float | None = None
    range_min_m: float = 0.0
    range_max_m: float
    scan_period_s: float | None = None
    sigma_range_m: float = 60.0
    sigma_azimuth_deg: float = 0.12
    false_plots_per_scan: float = 100.0
    elevation_min_deg: float | None = None
    elevation_max_deg: float | None = None
    pattern: str = "flat"
    pattern_db: tuple[tuple[float, float], ...] = ()
    r90_m: float | None = None
    rcs_m2: float = 2.0
    swerling: int = 1
    pfa: float = 1e-6
    pulses: int = 1
    cfar_cells: int = 0
    detection_probability: float | None = None
    min_radial_speed_mps: float = 0.0
    blind_speed_mps: float = 0.0
    clutter_loss_db: float = 0.0
    night_share: float = 0.3
    confirm_m: int = CONFIRM_M
    confirm_n: int = CONFIRM_N
    assumed_height_agl_m: tuple[float, ...] = (100.0, 300.0, 1000.0)
    model: str | None = None
    sac: int | None = None
    sic: int | None = None
    refraction_k: float = 4.0 / 3.0
    raster: str = ""
    cell_m: float = 0.0
    resolution_class: str = ""
    terrain: tuple[str, ...] = ()
    void_share: float = 0.0
    missing_share: float = 0.0
    not_modelled: tuple[str, ...] = ()

    @property
    def sees_silent_aircraft(self) -> bool:
        """Whether an aircraft without a transponder can be detected."""
        return self.kind not in COOPERATIVE_KINDS


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of ``sensors.toml``: what is published about a class of sensor, with its sources."""

    name: str
    kind: str
    title: str
    range_max_m: float
    sources: tuple[str, ...]
    r90_m: float | None = None
    rcs_m2: float | None = None
    swerling: int = 1
    pfa: float = 1e-6
    pulses: int = 1
    cfar_cells: int = 0
    detection_probability: float | None = None
    power_w: float | None = None
    gain_db: float | None = None
    wavelength_m: float | None = None
    noise_figure_db: float | None = None
    pulse_s: float | None = None
    loss_db: float | None = None
    elevation_min_deg: float | None = None
    elevation_max_deg: float | None = None
    pattern: str = "flat"
    antenna_height_m: float = 15.0
    scan_period_s: float | None = None
    sigma_range_m: float | None = None
    sigma_azimuth_deg: float | None = None
    min_radial_speed_mps: float = 0.0
    blind_speed_mps: float = 0.0
    clutter_loss_db: float = 0.0
    night_share: float = 0.3
    assumed: tuple[str, ...] = ()
    contracts: tuple[dict[str, str], ...] = ()


@cache
def catalogue() -> dict[str, CatalogueEntry]:
    """Return the sensor catalogue by name (``sensors.toml`` beside this module).

    >>> catalogue()["ads_b_receiver"].kind
    'ads_b'
    """
    raw = tomllib.loads((Path(__file__).parent / "sensors.toml").read_text(encoding="utf-8"))
    rows = msgspec.convert(raw["model"], tuple[CatalogueEntry, ...])
    return {row.name: row for row in rows}


def resolve(sensor: Sensor, *, folder: Path | None = None) -> SensorModel:
    """Return a sensor of an area file with its catalogue row, beam and detection method filled in.

    Raises
    ------
    ConfigError
        for an unknown model, a sensor without a place, range or detection model, or a pattern that cannot be read
    """
    from waman.coverage.detect.beam import pattern_points
    from waman.coverage.detect.radar import r90_from_link_budget

    row = _catalogue_row(sensor)
    if not sensor.surveyed:
        raise ConfigError(
            f"sensor {sensor.id!r} has no position", hint='give lat_deg and lon_deg, or kind = "network" with traffic'
        )
    assert sensor.lat_deg is not None and sensor.lon_deg is not None
    r90_m, rcs_m2 = sensor.r90_m, sensor.rcs_m2
    if row is not None and row.power_w is not None:
        r90_m, rcs_m2 = r90_from_link_budget(row), row.rcs_m2 or sensor.rcs_m2
    elif row is not None and row.r90_m is not None:
        r90_m, rcs_m2 = row.r90_m, row.rcs_m2 or sensor.rcs_m2
    pd = sensor.detection_probability if row is None else row.detection_probability
    range_max_m = sensor.range_max_m or (row.range_max_m if row else None)
    if range_max_m is None:
        raise ConfigError(f"sensor {sensor.id!r} has no range_max_m", hint="give range_max_m, or a model")
    low = sensor.elevation_min_deg if sensor.elevation_min_deg is not None or row is None else row.elevation_min_deg
    high = sensor.elevation_max_deg if sensor.elevation_max_deg is not None or row is None else row.elevation_max_deg
    pattern = sensor.pattern if row is None or sensor.pattern != "flat" else row.pattern
    height = sensor.antenna_height_m
    if height is None and sensor.altitude_msl_m is None:
        height = row.antenna_height_m if row else 10.0
    method = _method(sensor, r90_m, pd)
    return SensorModel(
        id=sensor.id,
        kind=sensor.kind,
        lat_deg=sensor.lat_deg,
        lon_deg=sensor.lon_deg,
        method=method,
        antenna_height_m=height,
        antenna_msl_m=sensor.altitude_msl_m,
        range_min_m=sensor.range_min_m,
        range_max_m=range_max_m,
        scan_period_s=sensor.scan_period_s or (row.scan_period_s if row else None),
        sigma_range_m=(row.sigma_range_m if row else None) or sensor.sigma_range_m,
        sigma_azimuth_deg=(row.sigma_azimuth_deg if row else None) or sensor.sigma_azimuth_deg,
        false_plots_per_scan=sensor.false_plots_per_scan,
        elevation_min_deg=low,
        elevation_max_deg=high,
        pattern=pattern,
        pattern_db=pattern_points(pattern, low, high, folder=folder),
        r90_m=r90_m,
        rcs_m2=rcs_m2,
        swerling=row.swerling if row else sensor.swerling,
        pfa=row.pfa if row else sensor.pfa,
        pulses=row.pulses if row else 1,
        cfar_cells=row.cfar_cells if row else 0,
        detection_probability=pd if pd is not None or method != "link" else 0.95,
        min_radial_speed_mps=sensor.min_radial_speed_mps or (row.min_radial_speed_mps if row else 0.0),
        blind_speed_mps=row.blind_speed_mps if row else 0.0,
        clutter_loss_db=row.clutter_loss_db if row else 0.0,
        night_share=row.night_share if row else 0.3,
        assumed_height_agl_m=sensor.assumed_height_agl_m,
        model=sensor.model,
        sac=sensor.sac,
        sic=sensor.sic,
        not_modelled=_not_modelled(method, low, row, sensor),
    )


def _catalogue_row(sensor: Sensor) -> CatalogueEntry | None:
    if sensor.model is None:
        return None
    known = catalogue()
    if sensor.model not in known:
        raise ConfigError(
            f"sensor {sensor.id!r}: unknown model {sensor.model!r}", hint="known models: " + ", ".join(sorted(known))
        )
    return known[sensor.model]


def _method(sensor: Sensor, r90_m: float | None, pd: float | None) -> Method:
    if sensor.kind == "network":
        return "learned"
    if sensor.kind == "observer":
        return "observer"
    if r90_m is not None:
        return "radar"
    if sensor.kind in COOPERATIVE_KINDS:
        return "link"
    if pd is None:
        raise ConfigError(
            f"sensor {sensor.id!r} says nothing about how surely it detects",
            hint="give r90_m (with rcs_m2), model, or detection_probability",
        )
    return "constant"


def _not_modelled(method: Method, low: float | None, row: CatalogueEntry | None, sensor: Sensor) -> tuple[str, ...]:
    """Return what a reader of a result must be told is missing from it."""
    missing = ["ducting and other anomalous propagation", "antenna lobing over ground or water"]
    if low is None:
        missing.append("the beam: line of sight only")
    if method == "radar":
        if not (row and row.clutter_loss_db):
            missing.append("loss of sensitivity over mountain clutter")
        if not sensor.min_radial_speed_mps and not (row and row.min_radial_speed_mps):
            missing.append("loss of aircraft that cross at right angles (MTI notch)")
    if method == "link" and sensor.detection_probability is None and row is None:
        missing.append("garbling and fading: 0.95 is assumed within link range")
    if method == "observer":
        missing.append("what an observer truly hears: the shares for distance, night and weather are assumed")
    missing.append(NO_CANOPY)
    return tuple(missing)

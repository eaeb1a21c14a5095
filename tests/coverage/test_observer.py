"""People and microphones as sensors."""

from __future__ import annotations

import numpy as np
import pytest

from waman.config import Sensor
from waman.coverage import build_field, catalogue, resolve
from waman.coverage.detect.observer import WEATHER, awake_share, weather_share

HOUR = 3_600_000_000


def test_an_observer_hears_less_far_away_at_night_and_in_rain() -> None:
    posts = [
        resolve(Sensor(id=name, kind="observer", lat_deg=-12.0, lon_deg=-75.0, model=name))
        for name in ("observer_post", "acoustic_sensor")
    ]
    field = build_field(posts, (), cell_m=200.0)

    def heard(sensor: str, lat: float = -12.0, **more: object) -> float:
        return float(field.detection_probability(lat, -75.0, 100.0, sensor, **more)[0])  # type: ignore[arg-type]

    # availability is unknown here, so the hour is given by asking for the shares alone
    day, night = awake_share([18 * HOUR, 6 * HOUR], -75.0, 0.3)
    assert (day, night) == pytest.approx((1.0, 0.3))
    assert heard("observer_post", weather="calm") > 1.9 * heard("observer_post", weather="wind")
    assert heard("observer_post") > heard("observer_post", weather="wind") > heard("observer_post", weather="rain")
    assert heard("observer_post", lat=-12.045) == pytest.approx(heard("observer_post") / 2.0, rel=0.05)
    assert heard("observer_post", lat=-12.2) == 0.0
    assert heard("acoustic_sensor") > heard("observer_post"), "a microphone does not sleep"


def test_what_is_unknown_of_hour_or_weather_is_averaged() -> None:
    hours = np.arange(0, 24 * 60) * (HOUR // 60)
    assert float(awake_share(None, -75.0, 0.3)) == pytest.approx(awake_share(hours, -75.0, 0.3).mean(), abs=1e-3)
    assert weather_share(None) == pytest.approx(np.mean(list(WEATHER.values())))


def test_the_catalogue_shows_contract_totals_with_scope_and_source_and_no_unit_price() -> None:
    for row in catalogue().values():
        assert row.sources, row.name
        for contract in row.contracts:
            assert set(contract) == {"total", "scope", "source"}, row.name
            assert "each" not in contract["total"], "a price a piece says nothing without its scope"

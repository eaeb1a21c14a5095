"""``waman new`` makes a workspace that loads, and refuses to overwrite one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from waman import cli
from waman.config import load_area
from waman.errors import ConfigError, InputError


def run(*arguments: str) -> None:
    result = CliRunner().invoke(cli.root, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0


def test_a_new_workspace_loads_with_what_was_asked(tmp_path: Path) -> None:
    run("new", str(tmp_path / "w"), "--name", 'The "Ene"', "--bbox", "-75,-13,-73,-11", "--timezone", "America/Lima")
    area = load_area(tmp_path / "w")
    assert (area.name, area.timezone, area.bbox) == ('The "Ene"', "America/Lima", (-75.0, -13.0, -73.0, -11.0))


def test_an_existing_area_file_is_never_overwritten(tmp_path: Path) -> None:
    run("new", str(tmp_path))
    with pytest.raises(InputError, match="exists already"):
        run("new", str(tmp_path))


def test_a_wrong_box_or_zone_leaves_no_half_made_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is empty"):
        run("new", str(tmp_path / "a"), "--bbox", "1,1,0,0")
    with pytest.raises(InputError, match="no time zone"):
        run("new", str(tmp_path / "b"), "--timezone", "Mars/Base")
    assert not list(tmp_path.rglob("area.toml"))


def test_errors_reach_a_person_as_two_lines_and_an_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["sample", "nonsense"])
    out = capfd.readouterr().err.splitlines()
    assert stop.value.code == 2 and out[0].startswith("waman: error: ") and out[1].startswith("waman: hint: ")


def test_a_fault_of_our_own_is_a_sentence_and_no_traceback(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise ValueError("broken on purpose")

    monkeypatch.setattr("waman.geo.time.zone", broken)
    with pytest.raises(SystemExit) as stop:
        cli.main(["new", "somewhere-that-is-not-made"])
    told = capfd.readouterr().err
    assert stop.value.code == 2 and "Traceback" not in told
    assert told.startswith("waman: error: a fault of Waman itself: ValueError: broken on purpose")


def test_the_doctor_runs_the_whole_chain(capfd: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor"])
    assert "the whole chain works" in capfd.readouterr().out

"""``waman doctor``: whether this machine is ready."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import click

PACKAGES = ("numpy", "numba", "pyarrow", "duckdb", "rasterio", "pyproj", "shapely", "rs1090", "cryptography", "highspy")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@click.command()
@click.option("--quiet", is_flag=True, help="Say only what is missing.")
def command(quiet: bool) -> None:
    """Check this machine, and compile what is compiled on first use.

    Runs the small hand-made recording through the whole chain in a folder of its own, so that the first real run
    does not wait for compilation. Ends with 1 where the chain does not work here.
    """
    from waman import __version__
    from waman.errors import Finding

    def say(line: str) -> None:
        if not quiet:
            click.echo(line)

    say(f"Python {sys.version.split()[0]}, Waman {__version__}")
    missing = [name for name in PACKAGES if not _version(name)]
    say("packages: " + ", ".join(f"{n} {_version(n)}" for n in PACKAGES if n not in missing))
    if missing:
        raise Finding(f"packages are missing: {', '.join(missing)}", hint="make setup, or pip install waman")
    browser = next((b for b in BROWSERS if shutil.which(b)), None)
    say(f"browser for the page tests: {browser or 'none (only the tests need one)'}")
    say(f"recordings: {_recordings()}")
    start = time.perf_counter()
    flights = _try_the_chain()
    if not flights:
        raise Finding("the hand-made recording gave no flight", hint="this installation is broken: please report it")
    say(f"the whole chain works: {flights} flights of the hand-made recording ({time.perf_counter() - start:.0f} s)")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _recordings() -> str:
    from waman.store import samples

    here = [s.name for s in samples.catalogue()[1] if samples.sample_files(s.name)]
    return ", ".join(here) if here else "none fetched yet (waman sample fetch)"


def _try_the_chain() -> int:
    from waman.cli._stages import run_workspace
    from waman.cli.demo import HANDMADE, handmade_recording, make_workspace
    from waman.store import open_workspace

    with tempfile.TemporaryDirectory() as scratch:
        folder = make_workspace(Path(scratch), HANDMADE, [handmade_recording()])
        return int(run_workspace(open_workspace(folder), say=lambda line: None).flights.num_rows)

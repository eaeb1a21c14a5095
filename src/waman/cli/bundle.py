"""``waman bundle``: exchange cases between workspaces that have no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waman.errors import InputError

if TYPE_CHECKING:
    from waman.cases.exchange import Packed
    from waman.tips import Desk

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
PEERS = "peers.json"


@click.group()
def command() -> None:
    """Carry cases from workspace to workspace in sealed files: any order, any number of times, no network.

    Each side first names the other: waman bundle me, waman bundle peer. Identities and seeds never travel.
    """


@command.command()
@WORKSPACE
def me(workspace: Path) -> None:
    """Print this workspace's key and age recipient, to be given to peers."""
    from waman.cli._desk import open_desk
    from waman.tips.sealed import recipient_of

    with open_desk(workspace, "bundle") as desk:
        click.echo(f"--key {desk.log.signer.verifier().text()} --recipient {recipient_of(desk.identity)}")


@command.command()
@click.argument("name")
@click.option("--key", required=True, help="The peer's key (waman bundle me).")
@click.option("--recipient", required=True, help="The peer's age recipient.")
@click.option("--compartment", "compartments", multiple=True, required=True, help="What is shared with this peer.")
@WORKSPACE
def peer(name: str, key: str, recipient: str, compartments: tuple[str, ...], workspace: Path) -> None:
    """Name a peer and the compartments shared with it."""
    from waman.ledger.note import parse_verifier
    from waman.tips.sealed import seal_to

    parse_verifier(key)
    seal_to(b"", [recipient])
    peers = _peers(workspace)
    peers[name] = {"key": key, "recipient": recipient, "compartments": sorted(compartments), "sent": []}
    _keep_peers(workspace, peers)
    click.echo(f"peer {name} shares {', '.join(compartments)}")


@command.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The sealed file.")
@click.option("--all", "everything", is_flag=True, help="Send again what was sent before (a file was lost).")
@WORKSPACE
def out(name: str, output: Path, everything: bool, workspace: Path) -> None:
    """Write what peer NAME may have and has not had, sealed to NAME alone. The export is recorded."""
    from waman.cases.exchange import outgoing, write_bundle
    from waman.cli._desk import now, open_desk
    from waman.ledger import Record
    from waman.tips.sealed import seal_to

    peers = _peers(workspace)
    if name not in peers:
        raise InputError(f"no peer {name!r}", hint="known: " + (", ".join(peers) or "none; waman bundle peer"))
    row = peers[name]
    with open_desk(workspace, "bundle") as desk:
        records = outgoing(_held(desk), row["compartments"], () if everything else row["sent"])
        fields = {"kind": "export", "peer": name, "records": [r.id for r in records][:500]}
        desk.log.append([Record("export", now(), fields)])
    output.write_bytes(seal_to(write_bundle(records), [row["recipient"]]))
    row["sent"] = sorted({*row["sent"], *(r.id for r in records)})
    _keep_peers(workspace, peers)
    click.echo(f"{len(records)} records for {name} in {output}")


@command.command(name="in")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@WORKSPACE
def take_in(file: Path, workspace: Path) -> None:
    """Take in a sealed bundle: once or often, the result is the same. Conflicts are kept side by side."""
    from waman.cases.exchange import merge, read_bundle
    from waman.cli._desk import now, open_desk
    from waman.ledger import Record
    from waman.tips.sealed import open_with, seal_to

    peers = _peers(workspace)
    with open_desk(workspace, "bundle") as desk:
        coming, problems = read_bundle(open_with(file.read_bytes(), desk.identity))
        own = desk.log.signer.verifier().text()
        mine = sorted({c for row in peers.values() for c in row["compartments"]})
        origins = {row["key"]: row["compartments"] for row in peers.values()} | {own: mine}
        found = merge(_held(desk), coming, origins, mine)
        if found.fresh:
            fields = {"kind": "import", "records": [r.id for r in found.fresh][:500]}
            desk.log.append([Record("import", now(), fields)])
        for record in found.fresh:
            text = json.dumps([record.origin, record.name, record.compartment, record.data, record.signature])
            desk.store.put(f"{record.id}.peer", seal_to(text.encode(), [desk.identity]))
    problems.extend(found.refused)
    for problem in problems.kept[:5]:
        click.echo(f"refused: {problem.where}: {problem.what}", err=True)
    for conflict in found.conflicts:
        click.echo(f"conflict: {conflict}: two versions, both kept", err=True)
    click.echo(f"{len(found.fresh)} new, {found.known} known, {problems.count} refused")


@command.command(name="list")
@WORKSPACE
def list_records(workspace: Path) -> None:
    """List all records of this workspace and its peers: digest, origin, name."""
    from waman.cli._desk import open_desk

    with open_desk(workspace, "bundle") as desk:
        for record in sorted(_held(desk), key=lambda r: r.id):
            click.echo(f"{record.id} {record.origin.split('+')[0]} {record.name}")


def _held(desk: Desk) -> list[Packed]:
    """Return own case events, signed, and everything taken in from peers."""
    from waman.cases.exchange import Packed, pack
    from waman.tips.sealed import open_with

    records = []
    compartments: dict[str, str] = {}
    for name in desk.store.names():
        if name.endswith(".event"):
            text = open_with(desk.store.get(name), desk.identity)
            case, row = name.split(".")[0], json.loads(text)
            if row["number"] == 0:
                compartments[case] = str(row["fields"].get("compartment", "default"))
            records.append(pack(desk.log.signer, name, compartments.get(case, "default"), text))
        elif name.endswith(".peer"):
            records.append(Packed(*json.loads(open_with(desk.store.get(name), desk.identity))))
    return records


def _peers(workspace: Path) -> dict[str, Any]:
    path = workspace / "tips" / PEERS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _keep_peers(workspace: Path, peers: dict[str, Any]) -> None:
    path = workspace / "tips" / PEERS
    path.parent.mkdir(mode=0o700, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(peers, indent=1) + "\n", encoding="utf-8")
    part.replace(path)

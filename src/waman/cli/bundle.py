"""``waman bundle``: exchange cases and tips between workspaces that have no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from waman.errors import InputError

if TYPE_CHECKING:
    from waman.tips import Desk

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
PEERS = "peers.all"


@click.group()
def command() -> None:
    """Carry cases and tips from workspace to workspace in sealed files: any order, any number of times, no network.

    Case events with their corrections, tips, and the ledger entries of those tips travel, each asked for by the
    compartments shared. Each side first names the other: waman bundle me, waman bundle peer. Identities, keys,
    people and seeds that are not revealed never travel.
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
    from waman.access import Thing, require
    from waman.cli._desk import now, open_desk
    from waman.ledger import Record
    from waman.ledger.note import parse_verifier
    from waman.tips.sealed import seal_to

    parse_verifier(key)
    seal_to(b"", [recipient])
    with open_desk(workspace, "bundle") as desk:
        for compartment in compartments:
            require(desk.subject, "write", Thing("case", "", compartment), "content")
        peers = _peers(desk)
        fields = {"kind": "peer.add", "peer": name, "key": key, "compartments": sorted(compartments)}
        desk.log.append([Record("policy.change", now(), fields, actor=desk.officer)])
        peers[name] = {"key": key, "recipient": recipient, "compartments": sorted(compartments), "sent": []}
        _keep_peers(desk, peers)
    click.echo(f"peer {name} shares {', '.join(compartments)}")


@command.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The sealed file.")
@click.option("--all", "everything", is_flag=True, help="Send again what was sent before (a file was lost).")
@WORKSPACE
def out(name: str, output: Path, everything: bool, workspace: Path) -> None:
    """Write what peer NAME may have and has not had, sealed to NAME alone. The export is recorded."""
    from waman.access import Subject, decide
    from waman.cases.exchange import asked_of, outgoing, own_records, peer_records, write_bundle
    from waman.cli._desk import now, open_desk
    from waman.ledger import Record
    from waman.tips.sealed import seal_to

    with open_desk(workspace, "bundle") as desk:
        peers = _peers(desk)
        if name not in peers:
            raise InputError(f"no peer {name!r}", hint="waman bundle peer first")
        row = peers[name]
        held = [*own_records(desk), *peer_records(desk)]
        held = [r for r in held if decide(desk.subject, "read", *asked_of(r), "export").permit]
        reader = Subject(name, "handler", frozenset(row["compartments"]))
        records = outgoing(held, reader, () if everything else row["sent"])
        fields = {"kind": "export", "peer": name, "records": [r.id for r in records][:500], "count": len(records)}
        desk.log.append([Record("export", now(), fields, actor=desk.officer)])
        output.write_bytes(seal_to(write_bundle(records), [row["recipient"]]))
        row["sent"] = sorted({*row["sent"], *(r.id for r in records)})
        _keep_peers(desk, peers)
    click.echo(f"{len(records)} records for {name} in {output}")


@command.command(name="in")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@WORKSPACE
def take_in(file: Path, workspace: Path) -> None:
    """Take in a sealed bundle: once or often, the result is the same. Conflicts are kept side by side."""
    from waman.access import Thing, require
    from waman.cases.exchange import take_in as take
    from waman.cli._desk import now, open_desk
    from waman.tips.sealed import open_with

    with open_desk(workspace, "bundle") as desk:
        peers = _peers(desk)
        for compartment in sorted({c for row in peers.values() for c in row["compartments"]}):
            require(desk.subject, "write", Thing("case", "", compartment), "content")
        shared = {row["key"]: row["compartments"] for row in peers.values()}
        found = take(desk, open_with(file.read_bytes(), desk.identity), shared, now())
    problems = found.refused
    for problem in problems.kept[:5]:
        click.echo(f"refused: {problem.where}: {problem.what}", err=True)
    for conflict in found.conflicts:
        click.echo(f"conflict: {conflict}: two versions, both kept", err=True)
    click.echo(f"{len(found.fresh)} new, {found.known} known, {problems.count} refused")


@command.command(name="list")
@WORKSPACE
def list_records(workspace: Path) -> None:
    """List all records of this workspace and its peers: digest, origin, name."""
    from waman.access import decide
    from waman.cases.exchange import asked_of, own_records, peer_records
    from waman.cli._desk import open_desk

    with open_desk(workspace, "bundle") as desk:
        for record in sorted([*own_records(desk), *peer_records(desk)], key=lambda r: r.id):
            if decide(desk.subject, "read", *asked_of(record), "list").permit:
                click.echo(f"{record.id} {record.origin.split('+')[0]} {record.name}")


def _peers(desk: Desk) -> dict[str, Any]:
    from waman.tips.sealed import open_with

    if PEERS not in desk.store.names():
        return {}
    return dict(json.loads(open_with(desk.store.get(PEERS), desk.identity)))


def _keep_peers(desk: Desk, peers: dict[str, Any]) -> None:
    from waman.tips.sealed import seal_to

    desk.store.put(PEERS, seal_to(json.dumps(peers).encode(), [desk.identity]))

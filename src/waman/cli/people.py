"""``waman people``: who may do what here; signing in and out."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import click

from waman.errors import InputError

WORKSPACE = click.option("-w", "--workspace", type=click.Path(path_type=Path), default=".", help="Folder with ledger/.")
PASSWORD = click.option(
    "--password", prompt=True, hide_input=True, envvar="WAMAN_PASSWORD", help="Asked for if not given."
)


@click.group()
def command() -> None:
    """Say who may see what: pseudonyms with a role, an institution and compartments; never a name.

    While nobody was added, whoever holds the workspace's key is its desk. From the first person on, every
    command that touches tips, cases or people asks who is signed in.
    """


@command.command()
@click.argument("user")
@click.option(
    "--role", required=True, help="public, reporter, ranger, planner, unit, handler, custodian, auditor, administrator."
)
@click.option("--institution", default="", help="Needed of whoever agrees to open an identity.")
@click.option("--compartment", "compartments", multiple=True, help="A compartment this person is a member of.")
@click.option(
    "--one-time-codes", is_flag=True, help="Ask for a code of an authenticator app too; prints its secret once."
)
@PASSWORD
@WORKSPACE
def add(
    user: str,
    role: str,
    institution: str,
    compartments: tuple[str, ...],
    one_time_codes: bool,
    password: str,
    workspace: Path,
) -> None:
    """Add USER, a pseudonym. The first one must be an administrator, who reads no content."""
    from waman.access.decide import EVERY, policy
    from waman.access.people import User, hash_password, new_totp_secret
    from waman.cli._desk import now, open_desk
    from waman.cli._people import People, keep_people, load_people
    from waman.ledger import Record

    if role not in policy()["roles"]:
        raise InputError(f"no role {role!r}", hint="roles: " + ", ".join(policy()["roles"]))
    if not user.replace("-", "").replace("_", "").isalnum() or EVERY in compartments or "" in compartments:
        raise InputError(
            f"{user!r} cannot be added so", hint="a pseudonym of letters, digits, - and _; named compartments"
        )
    with open_desk(workspace, user) as desk:
        people = load_people(desk.store, desk.identity)
        if people.users:
            _administers(desk.subject)
        elif role != "administrator":
            raise InputError(
                "the first person must be an administrator", hint="waman people add NAME --role administrator"
            )
        if user in people.users:
            raise InputError(f"{user} is known already", hint="remove first, or choose another pseudonym")
        secret = new_totp_secret() if one_time_codes else ""
        row = User(user, role, institution, frozenset(compartments), hash_password(password), secret)
        fields = {"kind": "people.add", "user": user, "role": role, "institution": institution}
        desk.log.append(
            [Record("policy.change", now(), {**fields, "compartments": sorted(compartments)}, actor=desk.officer)]
        )
        keep_people(desk.store, desk.identity, People({**people.users, user: row}, people.sessions))
    click.echo(f"{user} added as {role}")
    if secret:
        click.echo(f"secret for the authenticator app, shown once: {secret}")


@command.command()
@click.argument("user")
@click.option("--reason", required=True, help="Recorded.")
@WORKSPACE
def remove(user: str, reason: str, workspace: Path) -> None:
    """Remove USER: the sessions end at once; what was read stays known."""
    from waman.cli._desk import now, open_desk
    from waman.cli._people import People, keep_people, load_people
    from waman.ledger import Record

    with open_desk(workspace, "desk") as desk:
        _administers(desk.subject)
        people = load_people(desk.store, desk.identity)
        others = {name: row for name, row in people.users.items() if name != user}
        if len(others) == len(people.users):
            raise InputError("no such record", hint="waman people list")
        if not any(row.role == "administrator" for row in others.values()):
            raise InputError("nobody would administer this workspace", hint="add another administrator first")
        fields = {"kind": "people.remove", "user": user, "reason": reason}
        desk.log.append([Record("policy.change", now(), fields, actor=desk.officer)])
        sessions = {digest: s for digest, s in people.sessions.items() if s.user != user}
        keep_people(desk.store, desk.identity, People(others, sessions))
    click.echo(f"{user} removed")


@command.command(name="list")
@WORKSPACE
def list_people(workspace: Path) -> None:
    """List the people of the workspace (for administrators)."""
    from waman.cli._desk import open_desk
    from waman.cli._people import described, load_people

    with open_desk(workspace, "desk") as desk:
        people = load_people(desk.store, desk.identity)
        if people.users:
            _administers(desk.subject)
        for row in people.users.values():
            click.echo(json.dumps(described(row)))


@command.command(name="sign-in")
@click.argument("user")
@click.option("--code", default="", help="One-time code, where this person has them.")
@PASSWORD
@WORKSPACE
def sign_in(user: str, code: str, password: str, workspace: Path) -> None:
    """Sign USER in on this account of this machine, for eight hours."""
    from waman.access.people import sign_in as try_to_sign_in
    from waman.cli._desk import open_store
    from waman.cli._people import People, keep_people, keep_token, load_people

    store, identity = open_store(workspace)
    people = load_people(store, identity)
    row, session, token = try_to_sign_in(people.users.get(user), password, code, int(time.time()))
    users = {**people.users, user: row} if row else people.users
    sessions = {**people.sessions, session.token_digest: session} if session else people.sessions
    keep_people(store, identity, People(users, sessions))
    if session is None:
        raise InputError(
            "this person and password do not open", hint="ten failures shut an account for a quarter of an hour"
        )
    keep_token(workspace, token)
    click.echo(f"signed in as {user} until {time.strftime('%H:%M', time.localtime(session.expires_s))}")


@command.command(name="sign-out")
@WORKSPACE
def sign_out(workspace: Path) -> None:
    """End the session of this account of this machine."""
    from hashlib import sha256

    from waman.cli._desk import open_store
    from waman.cli._people import keep_people, keep_token, load_people, read_token

    store, identity = open_store(workspace)
    people = load_people(store, identity)
    digest = sha256(read_token(workspace).encode()).hexdigest()
    if digest in people.sessions:
        left = {d: s for d, s in people.sessions.items() if d != digest}
        keep_people(store, identity, replace(people, sessions=left))
    keep_token(workspace, "")
    click.echo("signed out")


def _administers(subject: object) -> None:
    from waman.access import Subject, Thing, require

    assert isinstance(subject, Subject)
    require(subject, "write", Thing("config"), "people")

"""The people of a workspace: who is known, who is signed in. Sealed in the store like everything else about people."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waman.errors import InputError

if TYPE_CHECKING:
    from waman.access import Subject
    from waman.access.people import Session, User
    from waman.tips import Desk, TipStore

RECORD = "people.all"
SESSIONS_MAX = 1000


@dataclass(frozen=True, slots=True)
class People:
    """Users by pseudonym and open sessions by the digest of their token."""

    users: Mapping[str, User]
    sessions: Mapping[str, Session]


def load_people(store: TipStore, identity: str) -> People:
    """Open the people's record; an empty one where nobody was added yet."""
    from waman.access.people import Session, User
    from waman.tips.sealed import open_with

    if RECORD not in store.names():
        return People({}, {})
    raw = json.loads(open_with(store.get(RECORD), identity))
    users = [User(**{**row, "compartments": frozenset(row["compartments"])}) for row in raw["users"]]
    sessions = [Session(**row) for row in raw["sessions"]]
    return People({u.user: u for u in users}, {s.token_digest: s for s in sessions})


def keep_people(store: TipStore, identity: str, people: People) -> None:
    """Seal the people's record; sessions that have ended go."""
    from waman.tips.sealed import seal_to

    now_s = int(time.time())
    users = [{**asdict(u), "compartments": sorted(u.compartments)} for u in people.users.values()]
    sessions = [asdict(s) for s in people.sessions.values() if s.expires_s > now_s][-SESSIONS_MAX:]
    text = json.dumps({"users": users, "sessions": sessions}, sort_keys=True)
    store.put(RECORD, seal_to(text.encode(), [identity]))


def whoever_asks(workspace: Path, store: TipStore, identity: str, officer: str) -> Subject:
    """Return who asks: the signed-in user; or, as long as nobody was added, the keeper of the key.

    Raises InputError where people are known and nobody of them is signed in here.
    """
    from waman.access import Subject
    from waman.access.decide import EVERY
    from waman.access.people import session_holds

    people = load_people(store, identity)
    if not people.users:
        return Subject(officer, "handler", frozenset({EVERY}))
    token = read_token(workspace)
    session = people.sessions.get(sha256(token.encode()).hexdigest())
    user = people.users.get(session.user) if session else None
    if session is None or user is None or not session_holds(session, token, int(time.time())):
        raise InputError("nobody is signed in here", hint="waman people sign-in NAME")
    return Subject(user.user, user.role, user.compartments, _released(store.names(), user.user), user.institution)


def read_token(workspace: Path) -> str:
    """Return the token of whoever signed in on this account of this machine, or nothing."""
    path = _token_file(workspace)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def keep_token(workspace: Path, token: str) -> None:
    """Keep the token for this account of this machine only; an empty one is removed."""
    path = _token_file(workspace)
    path.unlink(missing_ok=True)
    if token:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token)


def _token_file(workspace: Path) -> Path:
    base = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".local" / "state")
    return Path(base) / "waman" / ("session-" + sha256(str(workspace.resolve()).encode()).hexdigest()[:16])


def _released(names: list[str], user: str) -> frozenset[tuple[str, int]]:
    """Return the (tip, step) pairs wrapped to a unit: records called TIP.STEP.UNIT.age."""
    pairs = set()
    for name in names:
        parts = name.rsplit(".", 1)[0].split(".", 2) if name.endswith(".age") else []
        if len(parts) == 3 and parts[2] == user and parts[1].isdecimal():
            pairs.add((parts[0], int(parts[1])))
    return frozenset(pairs)


def described(user: User) -> dict[str, Any]:
    """Return what may be listed of a user: never a password or a secret."""
    return {
        "user": user.user,
        "role": user.role,
        "institution": user.institution,
        "compartments": sorted(user.compartments),
        "one_time_codes": bool(user.totp_secret),
    }


def asker_of(workspace: Path) -> Subject:
    """Return who asks, for a command that opens no desk; the keeper where nobody was added or nothing is sealed."""
    from waman.cli._desk import open_store
    from waman.tips.desk import KEEPER

    if not any((workspace / "tips").glob("desk.key*")):
        return KEEPER
    return whoever_asks(workspace, *open_store(workspace), KEEPER.user)


def demand(
    workspace: Path, action: str, kind: str, field: str, agreed: frozenset[tuple[str, str]] = frozenset()
) -> Subject:
    """Ask the policy for a command on the workspace as a whole; the keeper passes."""
    from waman.access import Thing, require
    from waman.access.decide import EVERY

    subject = asker_of(workspace)
    if EVERY not in subject.compartments:
        require(subject, action, Thing(kind, agreed=agreed), field)
    return subject


def agreed_to(workspace: Path, name: str) -> frozenset[tuple[str, str]]:
    """Return who has agreed to something, as (user, institution)."""
    from waman.cli._desk import open_store
    from waman.tips.sealed import open_with

    if not any((workspace / "tips").glob("desk.key*")):
        return frozenset()
    store, identity = open_store(workspace)
    if f"{name}.agreed" not in store.names():
        return frozenset()
    return frozenset(
        (str(user), str(house)) for user, house in json.loads(open_with(store.get(f"{name}.agreed"), identity))
    )


def keep_agreement(desk: Desk, name: str) -> int:
    """Add whoever asks to those who have agreed; returns how many they are."""
    from waman.tips.sealed import open_with, seal_to

    if not desk.subject.institution:
        raise InputError("agreeing needs a signed-in person of a known institution")
    given = {(desk.subject.user, desk.subject.institution)}
    if f"{name}.agreed" in desk.store.names():
        given |= {tuple(row) for row in json.loads(open_with(desk.store.get(f"{name}.agreed"), desk.identity))}
    desk.store.put(f"{name}.agreed", seal_to(json.dumps(sorted(given)).encode(), [desk.identity]))
    return len(given)

"""Every command on people's records, as every role, inside and outside the compartment, against a table by hand.

A command that is in neither table fails here. What is refused reads like what does not exist, and nothing planted
stands in any output or in any file outside the sealed store.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from waman import cli
from waman.access.people import User, hash_password, sign_in
from waman.cli import main
from waman.cli._desk import open_desk, open_store
from waman.cli._people import People, keep_people, keep_token
from waman.ledger.disclose import disclosed
from waman.ledger.fsck import private_disclosures
from waman.tips.sealed import new_identity, recipient_of

ROLES = ("public", "reporter", "ranger", "planner", "unit", "handler", "custodian", "auditor", "administrator")
PASSWORD = "tres palabras y un río"
T = "2026-03-01T12:00:00Z"
WINDOW = [
    *("--start", T, "--end", "2026-03-01T13:00:00Z", "--cell", "18LXK12", "--watch", "one"),
    *("--pd", "1", "--compartment", "joint"),
]
PLANTED = ("PLANTED", "Ñahui Quispe", "987 654 321", "-12.58213", "-74.19377")
SAYS = "PLANTED Ñahui Quispe, 987 654 321, stood at -12.58213, -74.19377"

INSIDE = {"handler-in"}
ANY = {f"{role}-{side}" for role in ROLES for side in ("in", "out")}
AUDITS = {"auditor-in", "auditor-out"}
ADMIN = {"administrator-in", "administrator-out"}
HANDLES = {"handler-in", "handler-out"}

# command, arguments ({w} workspace, {s} scratch, {u} who asks), who may. By hand, from the table of roles.
MAY: list[tuple[str, str, set[str]]] = [
    ("case new", "N-{u} --title x --compartment joint", INSIDE),
    ("case add", "C1 statement text=x attribution=y basis=document", INSIDE),
    ("case read", "C1 --purpose p", INSIDE),
    ("case tally", "--case C1", INSIDE),
    ("case print", "C1 --purpose p -o {s}/{u}.pdf", INSIDE),
    ("case export", "C1 --purpose p -o {s}/{u}.folder", INSIDE),
    ("case video", "{s}/line.jsonl --case C1 -o {s}/{u}.video", INSIDE),
    ("case agree", "C1 9 --reason r", HANDLES | AUDITS),
    ("case identity", "C1 1 --reason r", {"handler-out", "auditor-out"}),  # agreed by handler-in and auditor-in
    (
        "tip new",
        "N-{u} --step x --start {t} --end 2027-01-01T00:00:00Z --cell c --watch w --pd 1 --compartment joint",
        INSIDE,
    ),
    ("tip read", "T1 --step 1 --purpose p", INSIDE | {"unit-in"}),
    ("tip read", "T1 --step 2 --purpose p", INSIDE),
    ("tip history", "T1", INSIDE),
    ("tip ack", "T1 unit-in --step 1", INSIDE | {"unit-in"}),
    # before step 2 is released to the unit, who then may read it
    ("tip embargo", "T1 --step 2 --custodian a --custodian b -o {s}/{u}.e", INSIDE),
    ("tip open", "T1 --step 2 --share a={s}/line.jsonl --reason r", INSIDE),
    ("tip release", "T1 --step 2 --key unit-in={key} -o {s}/{u}.r", INSIDE),
    ("tip share", "T1 --step 2 --key unit-in={key} -o {s}/{u}.r", INSIDE),
    ("tip plan", "T1", INSIDE),
    ("tip outcome", "T1 no_show --recorder r9", INSIDE | AUDITS),
    ("tip recall", "T1 --reason r", INSIDE),
    ("tip leak", "--ledger {w}/ledger", INSIDE | AUDITS),
    ("bundle peer", "q-{u} --key {peer} --recipient {key} --compartment joint", INSIDE),
    ("bundle in", "{s}/bundle.age", INSIDE),
    ("ledger append", "{w}/ledger {s}/line.jsonl", HANDLES | AUDITS | ADMIN),
    ("ledger erase", "{w}/ledger 0 title --reason r", set()),
    ("ledger agree", "{w}/ledger 0 --reason r", HANDLES | AUDITS),
    ("ledger erase", "{w}/ledger 0 title --reason r", AUDITS),  # two institutions have agreed by now
    ("people list", "", ADMIN),
    ("people add", "new-{u} --role public --password 'doce letras y mas'", ADMIN),
    ("people remove", "new-{u} --reason r", ADMIN),
    ("backup", "{w} --to {key} -o {s}/{u}.backup", ADMIN),
]
# Commands that answer everybody, with what each may see: checked for content below.
FILTERED = {"case list", "tip list", "bundle list", "bundle out", "ledger export"}
# Everybody may: the public tree and its proofs, one's own session, the key's own lock.
OPEN = {
    *(
        "ledger prove",
        "ledger checkpoint",
        "ledger publish",
        "ledger cosign",
        "ledger init",
        "ledger witness",
        "verify",
    ),
    *("people sign-in", "people sign-out", "bundle me", "lock", "restore"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, dict[str, str]]]:
    """A workspace with a case, a tip and eighteen people; (workspace, scratch, words for the arguments)."""
    base = tmp_path_factory.mktemp("matrix")
    w, s = base / "w", base / "s"
    s.mkdir()
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(base / "state"))
    key = recipient_of(new_identity())
    main(["ledger", "init", str(w / "ledger"), "--origin", "a.example/w"])
    for words in (
        ["case", "new", "C1", "--title", SAYS, "--compartment", "joint"],
        ["case", "add", "C1", "statement", f"text={SAYS}", "attribution=x", "basis=witness", f"--identity={SAYS}"],
        ["case", "add", "C1", "taken", "operation=a", "aircraft=true", "pilot=false"],
        ["tip", "new", "T1", "--step", SAYS, "--step", SAYS, *WINDOW, "--tell", "unit-in"],
        ["tip", "release", "T1", "--step", "1", "--key", f"unit-in={key}", "-o", str(s / "first")],
    ):
        main([*words, "-w", str(w)])
    with open_desk(w, "desk") as desk:
        peer = desk.log.signer.verifier().text()
    main(["bundle", "peer", "px", "--key", peer, "--recipient", key, "--compartment", "joint", "-w", str(w)])
    (s / "bundle.age").write_bytes(b"not a bundle")
    (s / "line.jsonl").write_text(json.dumps({"type": "note", "t": T, "text": "x"}) + "\n")
    words = {"w": str(w), "s": str(s), "t": T, "key": key, "peer": peer}
    yield w, s, words
    patch.undo()


@pytest.fixture(scope="module")
def tokens(place: tuple[Path, Path, dict[str, str]]) -> dict[str, str]:
    """Sign all eighteen in; from here on the workspace knows its people."""
    w, _, _ = place
    store, identity = open_store(w)
    hashed, now_s = hash_password(PASSWORD), int(time.time())
    users, sessions, out = {}, {}, {}
    for name in sorted(ANY):
        role, _, side = name.partition("-")
        house = "house A" if role in ("handler",) else "house B"
        user = User(name, role, house, frozenset({"joint"} if side == "in" else {"other"}), hashed)
        row, session, out[name] = sign_in(user, PASSWORD, "", now_s)
        assert row and session
        users[name], sessions[session.token_digest] = row, session
    keep_people(store, identity, People(users, sessions))
    for name in ("handler-in", "auditor-in"):
        keep_token(w, out[name])
        main(["case", "agree", "C1", "1", "--reason", "hearing", "-w", str(w)])
    return out


def run(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, str, str]:
    code = 0
    try:
        main(words)
    except SystemExit as why:
        code = int(why.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def call(command: str, arguments: str, who: str, words: dict[str, str]) -> list[str]:
    import shlex

    given = [*command.split(), *shlex.split(arguments.format(u=who, **words))]
    return given if command.split()[0] in ("ledger", "backup") or command == "tip leak" else [*given, "-w", words["w"]]


REFUSED = "waman: error: no such record\n"


def test_each_role_may_what_the_table_says_and_no_more_and_nothing_planted_is_left_anywhere(
    place: tuple[Path, Path, dict[str, str]], tokens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for command, arguments, may in MAY:
        for who in sorted(ANY):
            keep_token(place[0], tokens[who])
            check_one_cell(capsys, command, arguments, who, who in may, place[2])
    check_nothing_planted(*place[:2])


def check_one_cell(
    capsys: pytest.CaptureFixture[str], command: str, arguments: str, who: str, may: bool, words: dict[str, str]
) -> None:
    """One person, one command; refused or not as the table says, and refused reads like absent."""
    code, out, err = run(capsys, call(command, arguments, who, words))
    refused = code == 2 and (err.startswith(REFUSED) or "a unit acknowledges for itself" in err)
    assert refused != may, (command, arguments, who, code, out, err)
    if refused:
        assert not out and not any(word in err for word in PLANTED)
        absent = arguments.replace("C1", "ZZ").replace("T1", "ZZ")
        if absent != arguments:
            assert run(capsys, call(command, absent, who, words)) == (code, out, err), "absent reads otherwise"


def test_lists_and_exports_hold_only_what_their_reader_may_see(
    place: tuple[Path, Path, dict[str, str]], tokens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    w, s, _ = place
    for who in [*(f"{role}-in" for role in ROLES), "handler-out", "auditor-out", "unit-out"]:
        keep_token(w, tokens[who])
        shown = run(capsys, ["case", "list", "-w", str(w)])[1]
        assert ("C1" in shown) == (who in INSIDE), who
        shown = run(capsys, ["tip", "list", "-w", str(w)])[1]
        assert ("T1" in shown) == (who in INSIDE | AUDITS | {"unit-in"}), who
        shown = run(capsys, ["bundle", "list", "-w", str(w)])[1]
        assert ("C1" in shown) == (who in INSIDE) and ("entry" in shown) <= (who in INSIDE | AUDITS), who
        code, shown, _ = run(capsys, ["bundle", "out", "px", "--all", "-o", str(s / f"{who}.b"), "-w", str(w)])
        assert code == 0 and shown.startswith("0 records") == (who not in INSIDE), (who, shown)
        fields = [x for name in ("tip", "case", "recipient", "reason") for x in ("--disclose", name)]
        code, shown, err = run(capsys, ["ledger", "export", str(w / "ledger"), "-o", str(s / f"{who}.out"), *fields])
        assert code == 0, err
        rows = [json.loads(x) for x in (s / f"{who}.out" / "disclosures.jsonl").read_text().splitlines()]
        entries = {row["seq"] for row in rows}
        assert who not in INSIDE or len(entries) >= 5
        assert who in INSIDE or entries <= {seq for seq, actor in _actors(w).items() if actor == who}, who
        if who != "handler-in":
            result = run(capsys, ["tip", "leak", "--ledger", str(w / "ledger"), "--json"])[1]
            assert "unit-in" not in result


def _actors(workspace: Path) -> dict[int, object]:
    rows = private_disclosures(workspace / "ledger") or []
    return {seq: d.value for seq, text in rows for d in [disclosed(seq, text)] if d.name == "actor"}


def check_nothing_planted(w: Path, s: Path) -> None:
    """Walk everything outside the sealed store, its file names too."""
    allowed = {s / "handler-in.folder", s / "handler-in.pdf"}  # what the desk itself chose to publish
    for path in [*w.rglob("*"), *s.rglob("*"), *(w.parent / "state").rglob("*")]:
        if path.is_file() and not allowed & {path, *path.parents}:
            data = path.read_bytes()
            assert not any(word.encode() in data for word in PLANTED), path
            assert "C1" not in path.name and ("T1" not in path.name or s in path.parents), path


def test_refusing_and_not_finding_cost_the_same_work(
    place: tuple[Path, Path, dict[str, str]], tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyrage

    w, _, _ = place
    opened: list[int] = []
    real = pyrage.decrypt
    monkeypatch.setattr(pyrage, "decrypt", lambda data, keys: opened.append(len(data) // 4096) or real(data, keys))
    keep_token(w, tokens["planner-in"])
    for command in (["case", "read", "{}", "--purpose", "p"], ["tip", "read", "{}", "--purpose", "p"]):
        work = []
        for name in ("C1" if command[0] == "case" else "T1", "ZZ"):
            opened.clear()
            with pytest.raises(SystemExit):
                main([*(x.format(name) for x in command), "-w", str(w)])
            work.append(sorted(opened))
        assert work[0] == work[1], command


def test_whoever_is_not_signed_in_learns_nothing(
    place: tuple[Path, Path, dict[str, str]], tokens: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    w, _, _ = place
    for token in ("", "made up"):
        keep_token(w, token)
        said = {
            run(capsys, [*words, "-w", str(w)])
            for words in (["case", "list"], ["case", "read", "C1", "--purpose", "p"], ["tip", "history", "ZZ"])
        }
        assert len(said) == 1 and "nobody is signed in here" in said.pop()[2]


def test_no_command_is_missing_from_the_tables() -> None:
    known = {command for command, _, _ in MAY} | FILTERED | OPEN
    context = click.Context(cli.root)
    touching = {w.split()[0] for w in known}
    for name in cli.root.list_commands(context):
        command = cli.root.get_command(context, name)
        source = Path(str(importlib.import_module(command.callback.__module__ if command.callback else "").__file__))
        if name in touching or "open_desk" in source.read_text() or "open_store" in source.read_text():
            leaves = sorted(command.commands) if isinstance(command, click.Group) else [""]
            for leaf in leaves:
                assert f"{name} {leaf}".strip() in known, f"{name} {leaf}: say who may, above"

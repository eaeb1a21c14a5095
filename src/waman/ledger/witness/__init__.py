"""Witnesses (C2SP tlog-witness): someone else's machine that signs only what grows.

A log that shows different histories to different people must get both past the same witness, and
cannot. The witness sees checkpoints and proofs, never an entry. It keeps, for each log, the last
checkpoint it signed, and as evidence every log-signed checkpoint that did not fit.
"""

from __future__ import annotations

import base64
import binascii
import http.server
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from waman.errors import Finding, InputError, WamanError
from waman.ledger.merkle import EMPTY_ROOT, PROOF_HASHES_MAX, prove_consistency, verify_consistency
from waman.ledger.note import Checkpoint, Signer, Verifier, cosign, open_note
from waman.ledger.storage.disk import Disk
from waman.ledger.tiles import nodes_from

REQUEST_BYTES_MAX = 1_000_000
TRIES_MAX = 3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS heads(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT) STRICT;
CREATE TABLE IF NOT EXISTS evidence(id INTEGER PRIMARY KEY, time_s INTEGER, why TEXT, request TEXT, held TEXT) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: status, text, content type."""

    status: int
    text: str
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """A small witness. State: its key, the logs it knows, and a database of heads and evidence.

    ``clock`` returns POSIX seconds and is asked only when signing.
    """

    def __init__(self, database: Path, signer: Signer, logs: Sequence[Verifier], clock: Callable[[], int]) -> None:
        self.signer, self.logs, self.clock = signer, logs, clock
        self._path = database
        with _opened(database) as rows:
            rows.executescript(_SCHEMA)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one ``add-checkpoint`` request; 200 carries the cosignature line.

        400 malformed or rolled back, 403 not signed by the log, 404 unknown log, 409 other size
        held, 422 the proof fails (a fork: the request is kept as evidence).
        """
        try:
            old, proof, note = _request(body)
            origin = note.split("\n", 1)[0]
            keys = [k for k in self.logs if k.name == origin]
            if not keys:
                return Answer(404, f"unknown log {origin!r}\n")
            new = open_note(note, keys).checkpoint
        except InputError as why:
            return Answer(400, f"{why}\n")
        except Finding as why:
            return Answer(403, f"{why}\n")
        rows = _opened(self._path)
        try:
            rows.execute("BEGIN IMMEDIATE")
            answer = self._judge(rows, old, proof, new, note, body.decode())
            rows.execute("COMMIT")
        finally:
            rows.close()
        if answer is None:
            return Answer(200, cosign(note, self.signer, self.clock()))
        return answer

    def evidence(self) -> list[dict[str, object]]:
        """Return every request that did not fit what was signed before."""
        rows = _opened(self._path)
        try:
            names = ("time_s", "why", "request", "held")
            found = rows.execute("SELECT time_s, why, request, held FROM evidence ORDER BY id").fetchall()
            return [dict(zip(names, row, strict=True)) for row in found]
        finally:
            rows.close()

    def _judge(
        self, rows: sqlite3.Connection, old: int, proof: list[bytes], new: Checkpoint, note: str, request: str
    ) -> Answer | None:
        """Compare with the head held and move it; returns the refusal, or None where all is well."""
        row = rows.execute("SELECT size, root, note FROM heads WHERE origin = ?", (new.origin,)).fetchone()
        size, root, held = row if row else (0, EMPTY_ROOT, "")
        if old > new.size:
            return self._keep(
                rows, 400, f"rollback: old size {old} is above the checkpoint's {new.size}", request, held
            )
        if old != size:
            return Answer(409, f"{size}\n", "text/x.tlog.size")
        if old == new.size and root != new.root:
            return self._keep(rows, 409, f"fork: another root at size {size} was signed before", request, held)
        if not verify_consistency(old, new.size, root, new.root, proof):
            return self._keep(rows, 422, f"fork: the proof from size {size} does not hold", request, held)
        rows.execute("INSERT OR REPLACE INTO heads VALUES(?, ?, ?, ?)", (new.origin, new.size, new.root, note))
        return None

    def _keep(self, rows: sqlite3.Connection, status: int, why: str, request: str, held: str) -> Answer:
        rows.execute("INSERT INTO evidence VALUES(NULL, ?, ?, ?, ?)", (self.clock(), why, request, held))
        return Answer(status, why + "\n")


def serve_witness(witness: Witness, host: str, port: int) -> http.server.ThreadingHTTPServer:
    """Return an HTTP server for one witness, bound but not yet running."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path.rstrip("/") != "/add-checkpoint" or not length.isdecimal() or int(length) > REQUEST_BYTES_MAX:
                answer = Answer(404 if length.isdecimal() else 400, "only POST /add-checkpoint is served\n")
            else:
                answer = witness.add_checkpoint(self.rfile.read(int(length)))
            data = answer.text.encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Keep no addresses of those who ask."""

    return http.server.ThreadingHTTPServer((host, port), Handler)


def ask_witness(
    disk: Disk, url: str, key: Verifier, note: str, tile: Callable[[int, int], list[bytes]], origin: Verifier
) -> tuple[str, int]:
    """Have one witness cosign ``note``; returns the checked line and its POSIX second.

    Starts from size 0 and follows the size a 409 names. Raises WamanError where it refuses or is
    not there; the entries stand, the caller asks again later.
    """
    if not url.startswith(("http://", "https://")):
        raise InputError(f"witness address {url!r} is no http address")
    new = open_note(note, [origin], [key]).checkpoint
    old = 0
    for _ in range(TRIES_MAX):
        proof = prove_consistency(nodes_from(tile), old, new.size)
        lines = "".join(base64.b64encode(hash_).decode() + "\n" for hash_ in proof)
        try:
            status, text = disk.post(url.rstrip("/") + "/add-checkpoint", f"old {old}\n{lines}\n{note}".encode())
        except OSError as why:
            raise WamanError(
                f"witness {key.name} does not answer: {why}", hint="ask again: waman ledger witness"
            ) from why
        if status == 200:
            return _checked(note, text, key, origin)
        held = text.strip()
        if status != 409 or not held.isdecimal() or int(held) == old:
            raise Finding(f"witness {key.name} refuses ({status}): {text.strip()[:300]}")
        if int(held) > new.size:
            raise Finding(
                f"witness {key.name} has signed {held} entries, this log shows {new.size}: it was rolled back"
            )
        old = int(held)
    raise Finding(f"witness {key.name} changes its size faster than it can be asked")


def _checked(note: str, text: str, key: Verifier, origin: Verifier) -> tuple[str, int]:
    for line in text.splitlines():
        if line.startswith(f"— {key.name} "):
            opened = open_note(note + line + "\n", [origin], [key])
            if key.name in opened.cosigned:
                return line + "\n", opened.cosigned[key.name]
    raise Finding(f"witness {key.name} answered without its own signature")


def _request(body: bytes) -> tuple[int, list[bytes], str]:
    try:
        head, _, note = body.decode().partition("\n\n")
        first, *lines = head.split("\n")
        word, _, old = first.partition(" ")
        proof = [base64.b64decode(line, validate=True) for line in lines]
    except (UnicodeDecodeError, binascii.Error) as why:
        raise InputError(f"not an add-checkpoint request: {why}") from why
    canonical = old.isdecimal() and str(int(old)) == old and len(old) < 20
    if word != "old" or not canonical or len(proof) > PROOF_HASHES_MAX or any(len(h) != 32 for h in proof):
        raise InputError("not an add-checkpoint request")
    return int(old), proof, note


def _opened(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("PRAGMA synchronous = FULL")
    return rows

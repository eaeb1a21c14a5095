"""The append-only log: SQLite for rows, tiles and checkpoints as files, in an order that survives any cut.

Write order: (1) rows, tile hashes and the signed checkpoint in one transaction; read back and
recomputed before it commits; (2) tiles and bundles; (3) the checkpoint file, last; (4) witnesses;
(5) only then is the append acknowledged. A cut after (1) loses nothing: opening publishes what is missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from waman.errors import Finding, InputError
from waman.ledger.disclose import disclosed
from waman.ledger.disk import Disk
from waman.ledger.entry import Record, seal
from waman.ledger.merkle import EMPTY_ROOT, fold, leaf_hash, node_hash, root_at
from waman.ledger.note import Checkpoint, Signer, new_signer, open_note, parse_signer, sign_checkpoint
from waman.ledger.publish import drop_partials, missing_files
from waman.ledger.tiles import TILE_WIDTH, nodes_from, split_hashes

BATCH_MAX = 10_000
"""Most records in one append."""

_SCHEMA = """
CREATE TABLE entries(seq INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE tiles(level INTEGER, n INTEGER, hashes BLOB NOT NULL, PRIMARY KEY(level, n)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints(size INTEGER PRIMARY KEY, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE cosignatures(size INTEGER, name TEXT, line TEXT NOT NULL, PRIMARY KEY(size, name)) STRICT;
CREATE TABLE disclosures(seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE appends(key TEXT PRIMARY KEY, first INTEGER NOT NULL, size INTEGER NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the caller that records first..size-1 are durable, signed and published."""

    first: int
    size: int
    root: bytes
    note: str


def create_log(folder: Path, origin: str) -> Signer:
    """Make a new log once; a folder that already holds one is refused (a second root would fork it)."""
    private = folder / "private"
    if private.exists() or (folder / "checkpoint").exists():
        raise InputError(f"{folder} already holds a ledger", hint="append to it, or choose another folder")
    signer = new_signer(origin)
    private.mkdir(parents=True)
    private.chmod(0o700)
    _write_secret(private / "log.key", signer.text() + "\n")
    _write_secret(private / "disclosures.key", os.urandom(32).hex() + "\n")
    database = _connect(private / "log.db")
    database.executescript(_SCHEMA)
    note = sign_checkpoint(Checkpoint(origin, 0, EMPTY_ROOT), signer)
    database.execute("INSERT INTO checkpoints VALUES(0, ?, ?)", (EMPTY_ROOT, note))
    database.close()
    (folder / "policy").write_text(f"log {signer.verifier().text()}\nquorum none\n", encoding="utf-8")
    (folder / "checkpoint").write_text(note, encoding="utf-8")
    return signer


class Log:
    """One log, opened for writing.

    State: ``folder``; ``signer``; ``disk`` (all writes); ``head`` (size and root last read from the
    database); ``_edge`` (unfinished hashes of each tile level); ``_peaks`` (roots of the perfect
    subtrees, largest first); ``_shown`` (the checkpoint last seen in the folder). ``head``, ``_edge``
    and ``_peaks`` are a cache of the database, compared with it inside every write
    transaction and thrown away after any failure. Not thread-safe;
    several processes may append, SQLite's write lock orders them.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        private = folder / "private"
        if not (private / "log.db").is_file():
            raise InputError(f"{folder} holds no ledger that can be written", hint="make one: waman ledger init DIR")
        self.folder = folder
        self.signer = parse_signer((private / "log.key").read_text(encoding="utf-8"))
        self.disk = disk or Disk(private / "staging")
        self._cipher = ChaCha20Poly1305(bytes.fromhex((private / "disclosures.key").read_text(encoding="utf-8")))
        self._database = _connect(private / "log.db")
        self.head = Checkpoint("", 0, EMPTY_ROOT)
        self._edge: list[list[bytes]] = []
        self._peaks: list[tuple[int, bytes]] = []
        self._shown = ("", 0)
        with _told():
            self._reload()
            self.publish()

    def append(self, records: Sequence[Record], key: str | None = None, *, publish: bool = True) -> Receipt:
        """Record all of ``records`` or none; returns when they are durable, signed and published.

        With ``publish=False`` it returns when they are durable and signed; the folder shows them at the
        next append, :meth:`publish` or opening.

        ``key`` names the attempt: a retry with the same key returns the first receipt instead of
        recording twice. Raises InputError for a record that cannot be an entry, WamanError where
        the disk refuses; then the caller retries with the same key.
        """
        if not 0 < len(records) <= BATCH_MAX:
            raise InputError(f"{len(records)} records, one append takes 1 to {BATCH_MAX}")
        try:
            with _told():
                done = self._commit(records, key)
                if publish:
                    self.publish()
        except BaseException:
            self._forget()
            raise
        return done

    def publish(self, anew: bool = False) -> None:
        """Write the tiles, bundles and last the checkpoint that the folder lacks; ``anew`` looks at every one.

        Holds SQLite's write lock, so that an older checkpoint never replaces a newer one.
        """
        self._database.execute("BEGIN IMMEDIATE")
        try:
            size, note = self._newest()
            shown = self._shown_size()
            if shown > size:
                raise Finding(
                    f"{shown} entries are published, the database holds only {size}: it was rolled back",
                    hint="restore the newest backup of private/log.db; do not append",
                )
            shown = 0 if anew else shown
            files = missing_files(self.folder, self._entries, self.tile, shown, size)
            path = self.folder / "checkpoint"
            if not path.is_file() or path.read_text(encoding="utf-8") != note:
                files.append((path, note.encode()))
            self.disk.publish(files)
            self._shown = (note, size)
            self.disk.later(lambda: drop_partials(self.folder, shown, size))
        finally:
            self._database.execute("ROLLBACK")

    def entry(self, seq: int) -> bytes:
        """Return the bytes of one entry."""
        row = self._database.execute("SELECT entry FROM entries WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise InputError(f"no entry {seq}: the ledger holds {self.head.size}", hint="entries count from 0")
        return bytes(row[0])

    def tile(self, level: int, n: int) -> list[bytes]:
        """Return the hashes of one tile, whole or partial (for :func:`nodes_from`).

        The unfinished tile of leaf hashes is not stored; it follows from the entries.
        """
        row = self._database.execute("SELECT hashes FROM tiles WHERE level = ? AND n = ?", (level, n)).fetchone()
        if row is not None:
            return split_hashes(row[0])
        return [leaf_hash(e) for e in self._entries(n * TILE_WIDTH, (n + 1) * TILE_WIDTH)] if level == 0 else []

    def note(self) -> str:
        """Return the newest checkpoint with its cosignatures."""
        return self._newest()[1]

    def disclosures(self, low: int = 0, high: int | None = None) -> Iterator[tuple[int, list[str]]]:
        """Yield (seq, disclosure texts) of entries low..high-1 whose fields are not erased."""
        query = "SELECT seq, sealed FROM disclosures WHERE seq >= ? AND seq < ? ORDER BY seq"
        for seq, sealed in self._database.execute(query, (low, self.head.size if high is None else high)):
            yield seq, unseal(self._cipher, seq, sealed)

    def add_cosignatures(self, size: int, lines: dict[str, str]) -> None:
        """Keep checked cosignature lines {witness name: line} for the checkpoint at ``size`` and publish them."""
        with _told():
            self._database.execute("BEGIN IMMEDIATE")
            rows = [(size, name, line) for name, line in lines.items()]
            self._database.executemany("INSERT OR REPLACE INTO cosignatures VALUES(?, ?, ?)", rows)
            self.disk.commit(self._database)
            self.publish()

    def erase(self, seq: int, names: Sequence[str], why: Record) -> Receipt:
        """Erase the disclosures of some fields for good and record ``why``; entry and root stay as they are."""
        with _told():
            kept = [
                d for s, texts in self.disclosures(seq, seq + 1) for d in texts if disclosed(s, d).name not in names
            ]
            self._database.execute("PRAGMA secure_delete = ON")
            self._database.execute("UPDATE disclosures SET sealed = ? WHERE seq = ?", (self._seal(seq, kept), seq))
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.append([why])

    def close(self) -> None:
        """Close the database and the threads."""
        self._database.close()
        self.disk.close()

    def _commit(self, records: Sequence[Record], key: str | None) -> Receipt:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            if self._stored_head() != self.head:
                self._reload()
            if key is not None and (done := self._earlier(key)):
                self._database.execute("ROLLBACK")
                return done
            first = self.head.size
            leaves = self._insert(records, first)
            grown = self._grow(leaves)
            head = Checkpoint(self.signer.name, first + len(leaves), _root(self._peaks))
            self._database.executemany("INSERT OR REPLACE INTO tiles VALUES(?, ?, ?)", grown)
            self._read_back(first, leaves, head)
            note = sign_checkpoint(head, self.signer)
            self._database.execute("INSERT INTO checkpoints VALUES(?, ?, ?)", (head.size, head.root, note))
            if key is not None:
                self._database.execute("INSERT INTO appends VALUES(?, ?, ?)", (key, first, head.size))
            self.disk.commit(self._database)
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self.head = head
        return Receipt(first, head.size, head.root, note)

    def _insert(self, records: Sequence[Record], first: int) -> list[bytes]:
        sealed = [seal(record, first + i) for i, record in enumerate(records)]
        rows = [(first + i, entry) for i, (entry, _) in enumerate(sealed)]
        shown = [(first + i, self._seal(first + i, opened)) for i, (_, opened) in enumerate(sealed) if opened]
        self._database.executemany("INSERT INTO entries VALUES(?, ?)", rows)
        self._database.executemany("INSERT INTO disclosures VALUES(?, ?)", shown)
        return [leaf_hash(entry) for entry, _ in sealed]

    def _grow(self, leaves: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Push leaf hashes into the edge; returns the tile rows that changed."""
        rows: list[tuple[int, int, bytes]] = []
        level, fresh, size = 0, list(leaves), self.head.size
        while fresh:
            if level == len(self._edge):
                self._edge.append([])
            tile, n, up = self._edge[level] + fresh, size // TILE_WIDTH, []
            for i in range(0, len(tile), TILE_WIDTH):
                part = tile[i : i + TILE_WIDTH]
                if level or len(part) == TILE_WIDTH:
                    rows.append((level, n + i // TILE_WIDTH, b"".join(part)))
                if len(part) == TILE_WIDTH:
                    up.append(fold(part))
            self._edge[level] = tile[len(up) * TILE_WIDTH :]
            level, fresh, size = level + 1, up, size // TILE_WIDTH
        for leaf in leaves:
            _push(self._peaks, leaf)
        return rows

    def _read_back(self, first: int, leaves: Sequence[bytes], head: Checkpoint) -> None:
        """Pair assertion: what the database now holds gives the same leaves and, by another way, the same root."""
        stored = [leaf_hash(entry) for entry in self._entries(first, head.size)]
        if stored != list(leaves) or root_at(nodes_from(self.tile), head.size) != head.root:
            raise Finding(
                "the database gave back other bytes than were written", hint="check the disk; nothing was kept"
            )

    def _entries(self, low: int, high: int) -> list[bytes]:
        query = "SELECT entry FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq"
        return [bytes(row[0]) for row in self._database.execute(query, (low, high))]

    def _earlier(self, key: str) -> Receipt | None:
        query = "SELECT first, a.size, root, note FROM appends a JOIN checkpoints c ON c.size = a.size WHERE key = ?"
        row = self._database.execute(query, (key,)).fetchone()
        return Receipt(*row) if row else None

    def _stored_head(self) -> Checkpoint:
        row = self._database.execute("SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        return Checkpoint(self.signer.name, row[0], bytes(row[1]))

    def _newest(self) -> tuple[int, str]:
        size, note = self._database.execute("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        lines = self._database.execute("SELECT line FROM cosignatures WHERE size = ? ORDER BY name", (size,))
        return size, note + "".join(row[0] for row in lines)

    def _reload(self) -> None:
        """Read head, edge and peaks from the database and check that they belong together."""
        self.head = self._stored_head()
        count = self._database.execute("SELECT coalesce(max(seq), -1) + 1 FROM entries").fetchone()[0]
        size, level = self.head.size, 0
        self._edge = []
        while size:
            n, width = divmod(size, TILE_WIDTH)
            self._edge.append(self.tile(level, n)[:width])
            size, level = n, level + 1
        widths = [self.head.size // TILE_WIDTH**i % TILE_WIDTH for i in range(level)]
        whole = count == self.head.size and [len(tile) for tile in self._edge] == widths
        self._peaks = self._read_peaks() if whole else []
        if not whole or _root(self._peaks) != self.head.root:
            raise Finding(
                f"private/log.db holds {count} entries whose tree is not the signed one of {self.head.size}",
                hint="rows were edited or lost; restore a backup, and run: waman verify DIR",
            )

    def _read_peaks(self) -> list[tuple[int, bytes]]:
        nodes, low, peaks = nodes_from(self.tile), 0, []
        for bit in range(self.head.size.bit_length() - 1, -1, -1):
            if self.head.size >> bit & 1:
                peaks.append((bit, nodes(bit, low >> bit)))
                low += 1 << bit
        return peaks

    def _forget(self) -> None:
        """After a failure the database decides what was kept."""
        self.head = Checkpoint("", -1, b"")

    def _shown_size(self) -> int:
        """Return the size of the published checkpoint; its signature is checked unless this object wrote it."""
        path = self.folder / "checkpoint"
        if not path.is_file():
            return 0
        note = path.read_text(encoding="utf-8")
        if note != self._shown[0]:
            self._shown = (note, open_note(note, [self.signer.verifier()]).checkpoint.size)
        return self._shown[1]

    def _seal(self, seq: int, opened: Sequence[str]) -> bytes:
        nonce = os.urandom(12)
        text = '["' + '","'.join(opened) + '"]' if opened else "[]"  # base64url needs no escapes
        return nonce + self._cipher.encrypt(nonce, text.encode(), seq.to_bytes(8, "big"))


def unseal(cipher: ChaCha20Poly1305, seq: int, sealed: bytes) -> list[str]:
    """Open the stored disclosures of one entry; raises InvalidTag where they were changed or moved."""
    return [str(text) for text in json.loads(cipher.decrypt(sealed[:12], sealed[12:], seq.to_bytes(8, "big")))]


def _root(peaks: Sequence[tuple[int, bytes]]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1][1]
    for _, peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def _push(peaks: list[tuple[int, bytes]], leaf: bytes) -> None:
    """Add one leaf; two peaks of one height become one, as a binary counter carries."""
    height = 0
    while peaks and peaks[-1][0] == height:
        leaf = node_hash(peaks.pop()[1], leaf)
        height += 1
    peaks.append((height, leaf))


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


def _write_secret(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what the disk or SQLite refuses into an error for people."""
    try:
        yield
    except (sqlite3.Error, OSError) as why:
        raise InputError(
            f"the ledger cannot write: {why}",
            hint="nothing was acknowledged; free space or rights, then repeat with the same key",
        ) from why

"""The append-only log: SQLite for rows, tiles and checkpoints as files, in an order that survives any cut.

Write order: (1) rows, tile hashes and the signed checkpoint in one transaction; read back and
recomputed before it commits, with one wait for the disk; (2) tiles and bundles; (3) the checkpoint
file, last; (4) witnesses. An append is acknowledged after (1), or after (3) if asked. A cut after (1) loses nothing:
the files follow from the database, and opening publishes what is missing or torn. That the whole
tiles are on the disk too is awaited beside other work, and noted in the table ``settled``.
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
from waman.ledger.entry import Record, seal_all
from waman.ledger.merkle import EMPTY_ROOT, fold, leaf_hash, node_hash, root_at
from waman.ledger.note import Checkpoint, Signer, new_signer, parse_signer, sign_checkpoint
from waman.ledger.storage.disk import Disk
from waman.ledger.storage.publish import Publisher
from waman.ledger.storage.rows import SCHEMA, connect, entries, newest, tile
from waman.ledger.tiles import TILE_WIDTH, Tiles, nodes_from

BATCH_MAX = 10_000
"""Most records in one append."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the caller that records first..size-1 are durable and signed: ``note`` is the checkpoint over them."""

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
    database = connect(private / "log.db")
    database.executescript(SCHEMA)
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
    subtrees, largest first); ``publisher`` (makes the folder from the database). ``head``, ``_edge``
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
        self._database = connect(private / "log.db")
        self.head = Checkpoint("", 0, EMPTY_ROOT)
        self._edge: list[list[bytes]] = []
        self._peaks: list[tuple[int, bytes]] = []
        self.publisher = Publisher(folder, self.disk, self.signer.verifier())
        self._noted = 0
        with _told():
            self._reload()
            self._noted = self.publisher.settled = self._database.execute("SELECT size FROM settled").fetchone()[0]
            self.publisher.now(self._noted)

    def append(self, records: Sequence[Record], key: str | None = None, *, publish: bool = True) -> Receipt:
        """Record all of ``records`` or none; returns when they are durable, signed and published.

        With ``publish=False`` it returns when they are durable and signed, after one wait for the disk;
        the folder shows them within PUBLISH_AFTER_S.

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
                    self.publisher.now()
                else:
                    self.publisher.soon()
        except BaseException:
            self._forget()
            raise
        return done

    def publish(self, anew: bool = False) -> None:
        """Write the tiles, bundles and last the checkpoint that the folder lacks; ``anew`` looks at every one."""
        with _told():
            self.publisher.now(0 if anew else None)

    def entry(self, seq: int) -> bytes:
        """Return the bytes of one entry."""
        row = self._database.execute("SELECT entry FROM entries WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise InputError(f"no entry {seq}: the ledger holds {self.head.size}", hint="entries count from 0")
        return bytes(row[0])

    def tile(self, level: int, n: int) -> list[bytes]:
        """Return the hashes of one tile, whole or partial (for :func:`nodes_from`)."""
        return tile(self._database, level, n)

    def note(self) -> str:
        """Return the newest checkpoint with its cosignatures."""
        return newest(self._database)[1]

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
            self.publisher.now()

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
        """Publish what is left, wait until it is on the disk, and close."""
        try:
            with _told():
                self.publisher.close()
        finally:
            self._database.close()

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
            if (settled := self.publisher.settled) != self._noted:
                self._database.execute("UPDATE settled SET size = max(size, ?)", (settled,))
                self._noted = settled
            self.disk.commit(self._database)
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self.head = head
        return Receipt(first, head.size, head.root, note)

    def _insert(self, records: Sequence[Record], first: int) -> list[bytes]:
        sealed = seal_all(records, first)
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
        stored = [leaf_hash(entry) for entry in entries(self._database, first, head.size)]
        if stored != list(leaves) or root_at(nodes_from(self._tile_now(head.size)), head.size) != head.root:
            raise Finding(
                "the database gave back other bytes than were written", hint="check the disk; nothing was kept"
            )

    def _tile_now(self, size: int) -> Tiles:
        """Read tiles of a tree of ``size``: whole ones from the database, unfinished ones from the edge."""

        def read(level: int, n: int) -> Sequence[bytes]:
            return self._edge[level] if n == size >> 8 * (level + 1) else self.tile(level, n)

        return read

    def _earlier(self, key: str) -> Receipt | None:
        query = "SELECT first, a.size, root, note FROM appends a JOIN checkpoints c ON c.size = a.size WHERE key = ?"
        row = self._database.execute(query, (key,)).fetchone()
        return Receipt(*row) if row else None

    def _stored_head(self) -> Checkpoint:
        row = self._database.execute("SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
        return Checkpoint(self.signer.name, row[0], bytes(row[1]))

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

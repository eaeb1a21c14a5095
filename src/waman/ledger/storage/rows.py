"""The database under the ledger: its schema, and the reads that the log and its publisher share."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from waman.ledger.merkle import leaf_hash
from waman.ledger.tiles import TILE_WIDTH, split_hashes

SCHEMA = """
CREATE TABLE entries(seq INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE tiles(level INTEGER, n INTEGER, hashes BLOB NOT NULL, PRIMARY KEY(level, n)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints(size INTEGER PRIMARY KEY, root BLOB NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE cosignatures(size INTEGER, name TEXT, line TEXT NOT NULL, PRIMARY KEY(size, name)) STRICT;
CREATE TABLE disclosures(seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE appends(key TEXT PRIMARY KEY, first INTEGER NOT NULL, size INTEGER NOT NULL) STRICT;
CREATE TABLE settled(size INTEGER NOT NULL) STRICT;
INSERT INTO settled VALUES(0);
PRAGMA user_version = 2;
"""
_FROM_1_TO_2 = """
CREATE TABLE settled(size INTEGER NOT NULL) STRICT;
INSERT INTO settled VALUES(0);
PRAGMA user_version = 2;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the database: every commit is on the disk before it returns."""
    database = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    if database.execute("PRAGMA user_version").fetchone()[0] == 1:
        database.executescript(_FROM_1_TO_2)
    return database


def entries(database: sqlite3.Connection, low: int, high: int) -> list[bytes]:
    """Return entries low..high-1."""
    query = "SELECT entry FROM entries WHERE seq >= ? AND seq < ? ORDER BY seq"
    return [bytes(row[0]) for row in database.execute(query, (low, high))]


def tile(database: sqlite3.Connection, level: int, n: int) -> list[bytes]:
    """Return the hashes of one tile, whole or partial.

    The unfinished tile of leaf hashes is not stored; it follows from the entries.
    """
    row = database.execute("SELECT hashes FROM tiles WHERE level = ? AND n = ?", (level, n)).fetchone()
    if row is not None:
        return split_hashes(row[0])
    return [leaf_hash(e) for e in entries(database, n * TILE_WIDTH, (n + 1) * TILE_WIDTH)] if level == 0 else []


def newest(database: sqlite3.Connection) -> tuple[int, str]:
    """Return size and text of the newest checkpoint, with its cosignatures."""
    size, note = database.execute("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
    lines = database.execute("SELECT line FROM cosignatures WHERE size = ? ORDER BY name", (size,))
    return size, note + "".join(row[0] for row in lines)

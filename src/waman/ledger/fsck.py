"""The operator's own check: whether the private database agrees with what is published."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from waman.errors import WamanError
from waman.ledger.audit import FAILURES_MAX, Audit
from waman.ledger.disclose import digest
from waman.ledger.tiles import TILE_WIDTH, tile_path, unpack_entries


def check_database(folder: Path, found: Audit) -> None:
    """Compare ``private/log.db`` row by row with the published bundles; adds to ``found``.

    An edited row, a lost row and a disclosure that fits no entry each have a message of their own.
    """
    path = folder / "private" / "log.db"
    if not path.is_file() or len(found.failures) >= FAILURES_MAX:
        return
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
    try:
        if (word := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            found.fail("database", "private/log.db", f"SQLite finds it damaged: {word}")
            return
        for n in range(-(-found.size // TILE_WIDTH)):
            _compare(folder, database, n, min(TILE_WIDTH, found.size - n * TILE_WIDTH), found)
        _disclosures(folder, database, found)
        _heads(database, found)
    except sqlite3.Error as why:
        found.fail("database", "private/log.db", f"SQLite cannot read it: {why}")
    finally:
        database.close()
    found.steps.append("(+) private database: compared with the published entries row by row")


def private_disclosures(folder: Path) -> list[tuple[int, str]] | None:
    """Return all stored (entry, disclosure) pairs of one's own ledger; None where the folder is an export."""
    from waman.ledger.log import unseal

    path, key = folder / "private" / "log.db", folder / "private" / "disclosures.key"
    if not path.is_file() or not key.is_file():
        return None
    cipher = ChaCha20Poly1305(bytes.fromhex(key.read_text(encoding="utf-8")))
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
    try:
        rows = database.execute("SELECT seq, sealed FROM disclosures ORDER BY seq").fetchall()
        return [(seq, text) for seq, sealed in rows for text in unseal(cipher, seq, sealed)]
    finally:
        database.close()


def _compare(folder: Path, database: sqlite3.Connection, n: int, width: int, found: Audit) -> None:
    low = n * TILE_WIDTH
    rows = dict(database.execute("SELECT seq, entry FROM entries WHERE seq >= ? AND seq < ?", (low, low + width)))
    try:
        published = unpack_entries((folder / tile_path("entries", n, width)).read_bytes())
    except (OSError, ValueError):
        return  # the audit itself has named this file
    for seq, entry in enumerate(published, low):
        if seq not in rows:
            found.fail("row-lost", f"private/log.db row {seq}", "the row of a published entry is gone")
        elif rows[seq] != entry:
            found.fail("row-edited", f"private/log.db row {seq}", "the row is not the published entry: it was edited")


def _disclosures(folder: Path, database: sqlite3.Connection, found: Audit) -> None:
    from waman.ledger.log import unseal

    key = folder / "private" / "disclosures.key"
    if not key.is_file():
        return
    cipher = ChaCha20Poly1305(bytes.fromhex(key.read_text(encoding="utf-8")))
    query = "SELECT d.seq, sealed, entry FROM disclosures d LEFT JOIN entries e ON e.seq = d.seq ORDER BY d.seq"
    for seq, sealed, entry in database.execute(query):
        try:
            texts = unseal(cipher, seq, sealed)
        except (InvalidTag, ValueError, WamanError):
            found.fail("disclosure-lost", f"entry {seq}", "its stored fields cannot be opened: the row was changed")
            continue
        if any(digest(text).encode() not in (entry or b"") for text in texts):
            found.fail("disclosure-orphan", f"entry {seq}", "a stored field belongs to no published entry")


def _heads(database: sqlite3.Connection, found: Audit) -> None:
    size = database.execute("SELECT max(size) FROM checkpoints").fetchone()[0]
    if size is not None and size < found.size:
        found.fail(
            "rollback", "private/log.db", f"it knows {size} entries, {found.size} are published: it was rolled back"
        )
    if size is not None and size > found.size:
        found.steps.append(
            f"(+) {size - found.size} entries are durable but not yet published: run waman ledger publish"
        )

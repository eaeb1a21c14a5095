"""The log under faults: every write broken twice, killed at random moments, a full disk, two writers."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from waman.errors import Finding, InputError, WamanError
from waman.ledger import Log, Record, audit, create_log
from waman.ledger.fsck import check_database
from waman.ledger.note import open_note
from waman.ledger.storage.disk import Disk

NOTE = Record("note", "2026-03-01T12:00:00Z", {"text": "engine heard", "cell": "S12W076"}, actor="ana")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_log(tmp_path / "log", "fiscalia.example/waman")
    return tmp_path / "log"


def check_clean(folder: Path, size: int) -> None:
    """The whole of it holds: the public tree, every row of the database, every checkpoint ever signed."""
    found = audit(folder)
    check_database(folder, found)
    assert not found.failures, found.failures
    assert found.size == size
    check_one_root_at_each_size(folder)


def check_one_root_at_each_size(folder: Path) -> None:
    rows = sqlite3.connect(folder / "private" / "log.db").execute("SELECT size, note FROM checkpoints").fetchall()
    held = [note for size, note in rows if size]
    assert not [f for f in audit(folder, held=held[:: max(1, len(held) // 20)]).failures]


class BreaksOnce(Disk):
    """The real disk, except that one write of one kind fails: before it is done, or after it was done."""

    def __init__(self, staging: Path) -> None:
        super().__init__(staging)
        self.broken: tuple[str, str, int] | None = None

    def _fault(self, what: str, when: str) -> None:
        if self.broken and self.broken[:2] == (what, when):
            left = self.broken[2]
            self.broken = (what, when, left - 1) if left else None
            if not left:
                raise OSError(5, "the disk broke on purpose")

    def commit(self, database: sqlite3.Connection) -> None:
        self._fault("commit", "lost")
        super().commit(database)
        self._fault("commit", "kept")

    def write(self, path: Path, data: bytes) -> None:
        what = "bundle" if "entries" in path.parts else "tile"
        self._fault(what, "lost")
        super().write(path, data)
        self._fault(what, "kept")

    def replace(self, path: Path, data: bytes) -> None:
        self._fault("checkpoint", "lost")
        super().replace(path, data)
        self._fault("checkpoint", "kept")

    def settle(self, paths: Sequence[Path]) -> None:
        self._fault("settle", "lost")
        super().settle(paths)
        self._fault("settle", "kept")


# write, fault, which of its occurrences; is the record kept although the caller was told of a failure?
FAULTS = [
    ("commit", "lost", 0, False),
    ("commit", "kept", 0, True),
    ("bundle", "lost", 0, True),
    ("bundle", "kept", 0, True),
    ("bundle", "lost", 1, True),
    ("bundle", "kept", 1, True),
    ("tile", "lost", 0, True),
    ("tile", "kept", 0, True),
    ("tile", "lost", 1, True),
    ("tile", "kept", 1, True),
    ("checkpoint", "lost", 0, True),
    ("checkpoint", "kept", 0, True),
    ("settle", "lost", 0, True),
    ("settle", "kept", 0, True),
]


@pytest.mark.parametrize(("what", "when", "which", "kept"), FAULTS)
@pytest.mark.parametrize("before", [0, 254, 300])
def test_a_broken_write_loses_nothing_and_a_retry_never_doubles(
    folder: Path, what: str, when: str, which: int, kept: bool, before: int
) -> None:
    disk = BreaksOnce(folder / "private" / "staging")
    log = Log(folder, disk)
    if before:
        log.append([NOTE] * before)
    disk.broken = (what, when, which)
    try:
        log.append([NOTE] * 5, key="five")
        failed = False
    except InputError as why:
        failed, message = True, str(why)
    if failed:  # some occurrences do not exist at some sizes
        assert "broke on purpose" in message
        on_disk = sqlite3.connect(folder / "private" / "log.db").execute("SELECT count(*) FROM entries").fetchone()[0]
        assert on_disk == before + 5 * kept
        receipt = log.append([NOTE] * 5, key="five")
        assert (receipt.first, receipt.size) == (before, before + 5)
    log.close()
    check_clean(folder, before + 5)
    again = Log(folder)
    assert again.append([NOTE] * 5, key="five").first == before, "a retry after a restart doubles nothing"
    again.append([NOTE])
    again.close()
    check_clean(folder, before + 6)


def test_after_a_broken_publication_a_fresh_process_publishes_what_is_missing(folder: Path) -> None:
    disk = BreaksOnce(folder / "private" / "staging")
    log = Log(folder, disk)
    disk.broken = ("tile", "lost", 0)
    with pytest.raises(InputError):
        log.append([NOTE])
    assert open_note((folder / "checkpoint").read_text(), [log.signer.verifier()]).checkpoint.size == 0
    Log(folder).close()
    check_clean(folder, 1)


def test_a_published_file_with_other_bytes_is_fatal(folder: Path) -> None:
    log = Log(folder)
    (folder / "tile" / "0" / "000.p").mkdir(parents=True)
    (folder / "tile" / "0" / "000.p" / "1").write_bytes(b"x" * 32)
    with pytest.raises(Finding, match="already stands with other bytes"):
        log.append([NOTE])


WRITER = """
import sys
from pathlib import Path
from waman.ledger import Log, Record
log = Log(Path(sys.argv[1]))
record = Record("note", "2026-03-01T12:00:00Z", {"text": "engine heard"})
while True:
    print(log.append([record] * int(sys.argv[2])).size, flush=True)
"""


def kill_while_appending(folder: Path, wait_s: float, batch: int) -> int:
    """Start a writer, kill it after ``wait_s`` of appending; returns the last size it acknowledged."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, folder, str(batch)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    first = writer.stdout.readline()
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        pass
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().splitlines()
    writer.wait()
    whole = [line for line in [first.strip(), *rest] if line.isdecimal()]
    return int(whole[-2]) if len(whole) > 1 else 0  # the very last line may itself be cut


def test_killed_at_random_moments_no_acknowledged_entry_is_lost(folder: Path) -> None:
    chance = random.Random(7)
    for _ in range(25):
        acknowledged = kill_while_appending(folder, chance.uniform(0.0, 0.06), chance.choice([1, 1, 40]))
        log = Log(folder)
        size = log.head.size
        log.close()
        assert size >= acknowledged
        found = audit(folder)
        assert not found.failures and found.size == size
    check_clean(folder, size)


def _limited(folder: Path, bytes_max: int) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))

    code = WRITER.replace("while True:", "for _ in range(3000):")
    return subprocess.run(
        [sys.executable, "-c", code, folder, "20"], capture_output=True, text=True, preexec_fn=limit, check=False
    )


def test_a_full_disk_stops_with_an_error_and_keeps_what_was_acknowledged(folder: Path) -> None:
    run = _limited(folder, 300_000)
    assert run.returncode == 1 and "the ledger cannot write" in run.stderr
    acknowledged = int(run.stdout.split()[-1])
    assert acknowledged >= 20
    log = Log(folder)
    assert log.head.size >= acknowledged
    size = log.append([NOTE]).size
    log.close()
    check_clean(folder, size)


def test_a_database_that_cannot_be_written_is_told_without_traceback(folder: Path) -> None:
    log = Log(folder)
    log.append([NOTE])
    log._database.execute("PRAGMA query_only = ON")
    with pytest.raises(WamanError, match="cannot write"):
        log.append([NOTE])
    log._database.execute("PRAGMA query_only = OFF")
    assert log.append([NOTE]).size == 2
    log.close()
    check_clean(folder, 2)


def test_a_clock_set_back_changes_neither_order_nor_audit(folder: Path) -> None:
    log = Log(folder)
    log.append([NOTE])
    log.append([Record("note", "2016-01-01T00:00:00Z", {"text": "the clock fell back ten years"})])
    log.append([NOTE])
    log.close()
    check_clean(folder, 3)


def test_two_writers_take_turns(folder: Path) -> None:
    first, second = Log(folder), Log(folder)
    for n in range(10):
        assert (first if n % 2 else second).append([NOTE]).first == n
    check_clean(folder, 10)


def test_a_log_is_made_once_and_never_by_opening(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="already holds a ledger"):
        create_log(folder, "fiscalia.example/waman")
    with pytest.raises(InputError, match="holds no ledger"):
        Log(tmp_path / "nowhere")


def test_keys_are_readable_by_their_owner_only(folder: Path) -> None:
    for name in ("log.key", "disclosures.key"):
        assert (folder / "private" / name).stat().st_mode & 0o077 == 0
    assert (folder / "private").stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_an_entry_stops_the_whole_append(folder: Path) -> None:
    log = Log(folder)
    for bad in ({"x": float("nan")}, {"x": 2**60}, {"x": "\ud800"}):
        with pytest.raises(InputError, match="canonical"):
            log.append([NOTE, Record("note", "2026-03-01T12:00:00Z", bad)])
    with pytest.raises(InputError, match="at most 65535 fit"):
        log.append([NOTE, Record("note", "2026-03-01T12:00:00Z", {}, {"x": "y" * 70_000})])
    assert log.head.size <= 0 and log.append([NOTE]).first == 0


def test_erasing_a_field_keeps_the_root_and_leaves_no_copy(folder: Path) -> None:
    log = Log(folder)
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": "PLANTED-TEXT", "cell": "keep"})])
    root = log.head.root
    why = Record("erasure", "2026-03-02T00:00:00Z", {}, {"reason": "court order 7", "of": 0})
    log.erase(0, ["text"], why)
    (_, texts), *_ = log.disclosures()
    assert len(texts) == 1
    log.close()
    held = sqlite3.connect(folder / "private" / "log.db").execute("SELECT root FROM checkpoints WHERE size = 1")
    assert held.fetchone()[0] == root
    check_clean(folder, 2)


def test_the_private_fields_stand_nowhere_in_the_clear(folder: Path) -> None:
    log = Log(folder)
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": "PLANTED-TEXT"}, actor="PLANTED-NAME")])
    log.close()
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"PLANTED" not in path.read_bytes(), path


@pytest.mark.parametrize("size", [5, 700])
def test_files_torn_by_a_power_cut_are_written_again(folder: Path, size: int) -> None:
    log = Log(folder)
    log.append([NOTE] * size)
    log.close()
    last = max((folder / "tile" / "0").rglob("*"), key=lambda p: (p.is_file(), str(p)))
    bundle = Path(str(last).replace("tile/0", "tile/entries"))
    last.write_bytes(bytes(last.stat().st_size))  # the blocks never came
    bundle.write_bytes(bundle.read_bytes()[:100])  # nor the length
    (folder / "checkpoint").write_bytes(b"")
    Log(folder).close()
    check_clean(folder, size)


def test_a_log_of_the_first_schema_is_carried_over(folder: Path) -> None:
    database = sqlite3.connect(folder / "private" / "log.db")
    database.executescript("DROP TABLE settled; PRAGMA user_version = 1;")
    database.close()
    log = Log(folder)
    log.append([NOTE] * 300)
    log.close()
    check_clean(folder, 300)


def test_a_receipt_before_publication_is_signed_and_the_folder_follows(folder: Path) -> None:
    log = Log(folder)
    receipts = [log.append([NOTE], publish=False) for _ in range(20)]
    notes = [open_note(r.note, [log.signer.verifier()]).checkpoint for r in receipts]
    assert [n.size for n in notes] == list(range(1, 21))
    log.close()
    check_clean(folder, 20)


ON_SMALL_DISK = """
mount -t tmpfs -o size=1m tmpfs {base} || exit 77
export PYTHONPATH={source}
{python} -c '
from pathlib import Path
from waman.ledger import create_log
create_log(Path("{base}/log"), "fiscalia.example/waman")'
{python} -c '{writer}' {base}/log 20 >{base}.out 2>{base}.err
cp -r {base}/log {base}.full
rm -f {base}/log/private/staging/*
mount -o remount,ro {base} || exit 77
{python} -c '{writer}' {base}/log 1 >>{base}.ro 2>&1
cp -r {base}/log {base}.read_only
umount {base}
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="a small disk needs Linux name spaces (unshare)")
def test_a_real_full_disk_and_a_real_read_only_disk_lose_nothing(tmp_path: Path) -> None:
    base = tmp_path / "disk"
    base.mkdir()
    source = Path(__file__).parents[2] / "src"
    script = ON_SMALL_DISK.format(base=base, source=source, python=sys.executable, writer=WRITER)
    run = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)
    if run.returncode == 77 or "unshare" in run.stderr:
        pytest.skip(f"no small disk can be mounted here: {run.stderr.strip()}")
    said = (tmp_path / "disk.err").read_text()
    assert "the ledger cannot write" in said and ("full" in said or "No space left" in said), said
    acknowledged = int((tmp_path / "disk.out").read_text().split()[-1])
    assert acknowledged >= 20
    said = (tmp_path / "disk.ro").read_text()
    assert "cannot write" in said and not said[:1].isdecimal(), said
    for copy in ("disk.full", "disk.read_only"):
        log = Log(tmp_path / copy)
        assert log.head.size >= acknowledged
        size = log.append([NOTE]).size
        log.close()
        check_clean(tmp_path / copy, size)

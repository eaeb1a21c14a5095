"""A witness over real HTTP on loopback: it signs growth, refuses forks and rollbacks, and keeps the evidence."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from waman.errors import Finding, WamanError
from waman.ledger import Log, Record, audit, create_log
from waman.ledger.note import Checkpoint, KeyKind, Signer, new_signer, open_note, sign_checkpoint
from waman.ledger.storage.disk import Disk
from waman.ledger.witness import Witness, ask_witness, serve_witness

NOTE = Record("note", "2026-03-01T12:00:00Z", {"text": "engine heard"})
ORIGIN = "fiscalia.example/waman"


class Running:
    """A log and a witness that serves on loopback."""

    def __init__(self, base: Path, kind: KeyKind) -> None:
        self.log_key = create_log(base / "log", ORIGIN)
        self.log = Log(base / "log")
        self.key = new_signer("defensoria.example/testigo", kind)
        self.witness = Witness(base / "witness.db", self.key, [self.log_key.verifier()], lambda: 1_700_000_000)
        self.server = serve_witness(self.witness, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self) -> str:
        tile = self.log.tile
        line, _ = ask_witness(
            self.log.disk, self.url, self.key.verifier(), self.log.note(), tile, self.log_key.verifier()
        )
        return line


@pytest.fixture(params=[KeyKind.COSIGNER, KeyKind.COSIGNER_ML_DSA_44])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path, request.param)
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_growth_is_cosigned_and_the_audit_counts_it(running: Running) -> None:
    policy = (
        f"log {running.log_key.verifier().text()}\nwitness W {running.key.verifier().text()} {running.url}\nquorum W\n"
    )
    (running.log.folder / "policy").write_text(policy)
    for count in (1, 5, 300):
        running.log.append([NOTE] * count)
        assert audit(running.log.folder).failures[0].kind == "quorum"
        running.log.add_cosignatures(running.log.head.size, {running.key.name: running.ask()})
        found = audit(running.log.folder)
        assert not found.failures and found.quorum
        assert found.cosigned == {"defensoria.example/testigo": 1_700_000_000}
    assert running.ask(), "asking again at the same size is answered again"


def test_a_fork_is_refused_and_kept_as_evidence(running: Running, tmp_path: Path) -> None:
    running.log.append([NOTE] * 9)
    running.ask()
    fork = sign_checkpoint(Checkpoint(ORIGIN, 9, bytes(32)), running.log_key)
    assert running.witness.add_checkpoint(f"old 9\n\n{fork}".encode()).status == 409
    fork = sign_checkpoint(Checkpoint(ORIGIN, 12, bytes(32)), running.log_key)
    answer = running.witness.add_checkpoint(f"old 9\n{'A' * 43}=\n\n{fork}".encode())
    assert answer.status == 422 and "fork" in answer.text
    kept = running.witness.evidence()
    assert len(kept) == 2 and all(str(row["why"]).startswith("fork") for row in kept)
    assert open_note(str(kept[1]["request"]).partition("\n\n")[2], [running.log_key.verifier()]).checkpoint.size == 12
    assert open_note(str(kept[1]["held"]), [running.log_key.verifier()]).checkpoint.size == 9


def test_a_rollback_is_refused_by_the_witness_and_told_by_the_client(running: Running) -> None:
    young = running.log.note()
    running.log.append([NOTE] * 4)
    small = running.log.note()
    running.log.append([NOTE] * 4)
    running.ask()
    assert running.witness.add_checkpoint(f"old 8\n\n{small}".encode()).status == 400
    assert "rollback" in str(running.witness.evidence()[0]["why"])
    assert running.witness.add_checkpoint(f"old 0\n\n{young}".encode()).text == "8\n"
    with pytest.raises(Finding, match="has signed 8 entries, this log shows 4"):
        ask_witness(
            running.log.disk, running.url, running.key.verifier(), small, running.log.tile, running.log_key.verifier()
        )


def test_strangers_and_bad_requests_are_refused_by_the_specified_status(running: Running) -> None:
    def status(body: str) -> int:
        return running.log.disk.post(running.url + "/add-checkpoint", body.encode())[0]

    running.log.append([NOTE])
    note = running.log.note()
    stranger: Signer = new_signer("other.example/log")
    assert status("old 0\n\n" + sign_checkpoint(Checkpoint(stranger.name, 1, bytes(32)), stranger)) == 404
    impostor = new_signer(ORIGIN)
    assert status("old 0\n\n" + sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), impostor)) == 403
    assert status("old 1\n\n" + note) == 409
    assert status("old 00\n\n" + note) == 400
    assert status("old 0\n" + "AAAA\n" + "\n" + note) == 400
    assert status("old 0\n" + ("A" * 43 + "=\n") * 64 + "\n" + note) == 400
    assert status("") == 400
    assert running.log.disk.post(running.url + "/other", b"x")[0] == 404
    assert status("old 0\n\n" + note) == 200
    asking = http.client.HTTPConnection("127.0.0.1", running.server.server_address[1], timeout=5)
    asking.putrequest("POST", "/add-checkpoint")
    asking.putheader("Content-Length", "2000000")  # announced, never sent
    asking.endheaders()
    assert asking.getresponse().status == 404
    asking.close()


def test_a_witness_remembers_after_a_restart(running: Running, tmp_path: Path) -> None:
    running.log.append([NOTE] * 3)
    running.ask()
    again = Witness(tmp_path / "witness.db", running.key, [running.log_key.verifier()], lambda: 1_700_000_001)
    assert again.add_checkpoint(f"old 0\n\n{running.log.note()}".encode()).text == "3\n"


def test_a_silent_witness_is_told_and_the_entry_stands(running: Running) -> None:
    running.log.append([NOTE])
    with pytest.raises(WamanError, match="does not answer"):
        ask_witness(
            running.log.disk,
            "http://127.0.0.1:9",
            running.key.verifier(),
            running.log.note(),
            running.log.tile,
            running.log_key.verifier(),
        )
    assert not audit(running.log.folder).failures


class AnswersLost(Disk):
    """The real network, except that one request is lost on the way there, or its answer on the way back."""

    def __init__(self, staging: Path, when: str) -> None:
        super().__init__(staging)
        self.when = when

    def post(self, url: str, body: bytes) -> tuple[int, str]:
        when, self.when = self.when, ""
        if when == "there":
            raise OSError(110, "lost on the way there")
        answer = super().post(url, body)
        if when == "back":
            raise OSError(110, "lost on the way back")
        return answer


@pytest.mark.parametrize("when", ["there", "back"])
def test_a_lost_request_or_answer_is_made_good_by_asking_again(running: Running, tmp_path: Path, when: str) -> None:
    running.log.append([NOTE] * 3)
    disk = AnswersLost(tmp_path / "staging", when)
    asked = (running.url, running.key.verifier(), running.log.note(), running.log.tile, running.log_key.verifier())
    for _ in range(3):
        try:
            line, _ = ask_witness(disk, *asked)
            break
        except WamanError as why:
            assert "does not answer" in str(why)
    assert line.startswith("— defensoria.example/testigo ")
    assert not running.witness.evidence()

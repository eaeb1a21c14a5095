"""Other people's verifiers: Go's checksum-database packages, and the offline page in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from waman.ledger import Log, Record, create_log, export_bundle
from waman.ledger.note import KeyKind, cosign, new_signer

GO_MODULES = Path("/usr/share/gocode/src/golang.org/x/mod")
SIZE = 10_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    base = tmp_path_factory.mktemp("interop")
    key = create_log(base / "log", "fiscalia.example/waman").verifier().text()
    witness = new_signer("defensoria.example/testigo", KeyKind.COSIGNER)
    policy = f"log {key}\nwitness W {witness.verifier().text()}\nquorum W\n"
    (base / "log" / "policy").write_text(policy)
    log = Log(base / "log")
    log.append([Record("note", "2026-03-01T12:00:00Z", {"text": f"heard {i}"}, actor="ana") for i in range(777)])
    (base / "held").write_text(log.note(), encoding="utf-8")
    for low in range(777, SIZE, 1000):
        rows = range(low, min(SIZE, low + 1000))
        log.append([Record("note", "2026-03-01T12:00:00Z", {"text": f"heard {i}", "cell": "x"}) for i in rows])
    log.add_cosignatures(SIZE, {witness.name: cosign(log.note(), witness, 1_700_000_000)})
    export_bundle(log, base / "bundle", lambda f: f.name in {"text", "actor"} and f.seq % 50 == 0, "witnessed")
    log.close()
    return base, key


@pytest.fixture(scope="module")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("go") is None or not GO_MODULES.is_dir():
        pytest.skip("Go is not installed (Debian: golang golang-golang-x-mod-dev)")
    base = tmp_path_factory.mktemp("go")
    for name in ("note", "tlog"):
        shutil.copytree(GO_MODULES / "sumdb" / name, base / "src/golang.org/x/mod/sumdb" / name)
    shutil.copytree("/usr/share/gocode/src/golang.org/x/crypto/ed25519", base / "src/golang.org/x/crypto/ed25519") if (
        Path("/usr/share/gocode/src/golang.org/x/crypto/ed25519").is_dir()
    ) else None
    (base / "src/check").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "go" / "verify.go", base / "src/check/verify.go")
    env = {**os.environ, "GOPATH": f"{base}:/usr/share/gocode", "GO111MODULE": "off", "GOCACHE": str(base / "cache")}
    run = subprocess.run(
        ["go", "build", "-o", base / "verify", "check"], env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return base / "verify"


@pytest.mark.interop
def test_go_verifies_ten_thousand_entries_and_refuses_a_changed_one(
    made: tuple[Path, str], go_verifier: Path, tmp_path: Path
) -> None:
    base, key = made
    run = subprocess.run(
        [go_verifier, base / "bundle", key, base / "held"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout.strip()) == (0, f"verified {SIZE}"), run.stdout + run.stderr
    copy = shutil.copytree(base / "bundle", tmp_path / "bundle")
    path = copy / "tile/entries/019"
    path.write_bytes(path.read_bytes().replace(b'"seq":5000', b'"seq":5001'))
    run = subprocess.run([go_verifier, copy, key, base / "held"], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "record 5000" in run.stdout


@pytest.mark.browser
def test_the_offline_page_verifies_in_chromium_and_names_what_was_changed(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("Chromium is not installed (Debian: chromium)")
    base, key = made
    broken = shutil.copytree(base / "bundle", tmp_path / "bundle")
    tile = bytearray((broken / "tile/1/000.p/39").read_bytes())
    tile[40] ^= 1
    (broken / "tile/1/000.p/39").write_bytes(tile)
    cases = [
        (base / "bundle", key, "All of it holds."),
        (base / "bundle", "", "All of it holds."),
        (base / "bundle", new_signer("fiscalia.example/waman").verifier().text(), "NOT the key you were given"),
        (broken, key, "does not match its parent"),
    ]
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for folder, given, expected in cases:
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda r, asked=asked: asked.append(r.url))
            page.goto((base / "bundle" / "verify.html").as_uri())
            page.fill("#key", given)
            page.set_input_files("#folder", folder)
            page.locator("#verdict.good, #verdict.bad").wait_for(timeout=60_000)
            assert expected in page.inner_text("#verdict"), page.inner_text("#verdict")
            if expected == "All of it holds.":
                text = page.inner_text("#steps")
                assert "10000 entries, signature holds" in text and "defensoria.example/testigo at 2023" in text
                assert page.locator("#fields tr").count() == 216
            assert all(url.startswith("file:") for url in asked), "the page asked the network"
            page.close()
        page = browser.new_page(locale="es-PE")
        page.goto((base / "bundle" / "verify.html").as_uri())
        assert page.inner_text("h1") == "Auditoría de un libro, sin conexión"
        page.set_input_files("#folder", broken)
        page.locator("#verdict.bad").wait_for(timeout=60_000)
        assert "NO se cumple: " in page.inner_text("#verdict") and "el de arriba" in page.inner_text("#verdict")
        page.click("#other")
        page.locator("#verdict.bad").wait_for(timeout=60_000)
        assert page.inner_text("h1") == "Audit of a ledger, offline"
        page.set_input_files("#folder", base / "bundle")
        page.locator("#verdict.good").wait_for(timeout=60_000)
        browser.close()

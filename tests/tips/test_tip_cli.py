"""``waman tip`` as a person uses it; the article's case is refused; a proven leak is named in the allowed words."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from command import run
from waman.tips.sealed import new_identity, open_with, recipient_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(capsys, "ledger", "init", tmp_path / "w" / "ledger", "--origin", "fiscalia.example/waman")[0] == 0
    return tmp_path / "w"


WINDOW = (
    "--start",
    "2026-03-02T05:00:00Z",
    "--end",
    "2026-03-02T10:00:00Z",
    "--cell",
    "18LXK12",
    "--watch",
    "one",
    "--pd",
    "1",
)


def test_the_articles_case_is_refused_with_the_reason_and_the_number_of_tips_that_would_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tips = ROOT / "examples" / "article_tips.jsonl"
    code, out, _ = run(capsys, "tip", "leak", tips, "-o", tmp_path / "leak.json")
    assert code == 0
    for words in ("Descriptive only", "At least 5 more", "7 by this one", "14 to 44", "25% of cases"):
        assert words in out, words
    result = json.loads((tmp_path / "leak.json").read_text())
    assert result["randomised"] == "no" and not any(u["accused"] for u in result["units"])
    assert {u["more_tips_needed"] for u in result["units"]} == {7}
    code, out, _ = run(capsys, "tip", "leak", tips, "--assume-randomised", "--json")
    assert not any(u["accused"] for u in json.loads(out)["units"]), "tips whose flag is false never count"


def test_a_flag_in_a_file_names_nobody_unless_research_assumes_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chance = random.Random(1)
    lines = []
    for i in range(60):
        told = chance.random() < 0.5
        shares = {"unit-1": 0.5, "unit-2": 0.5}
        who = (["unit-1"] if told else []) + (["unit-2"] if chance.random() < 0.5 else [])
        outcome = "no_show" if told else "show"
        row = {"tip": f"T{i}", "time": f"2026-01-{i % 28 + 1:02d}T00:00:00Z", "randomised": True}
        lines.append({**row, "share_probability": shares, "shared_with": who, "outcome": outcome, "pd": 0.9})
    path = tmp_path / "tips.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n{broken\n")
    code, out, err = run(capsys, "tip", "leak", path, "--json")
    result = json.loads(out)
    assert code == 0 and "asserted, not proven" in result["statement"] and "not a tip" in err
    assert not any(u["accused"] for u in result["units"])
    assert "unit-1" not in result["statement"]
    code, out, _ = run(capsys, "tip", "leak", path, "--assume-randomised", "--json")
    result = json.loads(out)
    assert [u["unit"] for u in result["units"] if u["accused"]] == ["unit-1"]
    assert "RANDOMISATION ASSUMED" in result["statement"]
    assert "Telling unit unit-1 was strongly followed by no-shows more than chance allows" in result["statement"]


def test_a_proven_leak_is_named_and_a_changed_file_is_refused(
    workspace: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    key, lines = new_identity(), []
    for n in range(12):
        tip = f"T{n}"
        coins = ("--coin", "unit-1=0.5")
        assert run(capsys, "tip", "new", tip, "-w", workspace, "--step", "Sector north", *WINDOW, *coins)[0] == 0
        code, out, _ = run(capsys, "tip", "plan", tip, "-w", workspace, "--json")
        told = json.loads(out)["coins"]["unit-1"]
        keys = ("--key", f"unit-1={recipient_of(key)}")
        assert run(capsys, "tip", "release", tip, "-w", workspace, *keys, "-o", tmp_path / "out")[0] == 0
        result = "no_show" if told else "show"
        assert run(capsys, "tip", "outcome", tip, result, "-w", workspace, "--recorder", "r9")[0] == 0
        row = {"tip": tip, "time": "2026-03-02T05:00:00Z", "randomised": True, "share_probability": {"unit-1": 0.5}}
        lines.append({**row, "shared_with": ["unit-1"] if told else [], "outcome": result, "pd": 1.0})
    sealed = sorted((tmp_path / "out").glob("*.age"))
    assert sealed and open_with(sealed[0].read_bytes(), key) == b"Sector north"
    path = tmp_path / "tips.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    code, out, err = run(capsys, "tip", "leak", path, "--ledger", workspace / "ledger", "--json")
    result = json.loads(out)
    assert code == 0, err
    assert result["randomised"] == "proven" and result["tips_counted"] == 12
    assert [u["accused"] for u in result["units"]] == [True]
    shows = (
        "kind",
        "tip",
        "window_start",
        "window_end",
        "pd",
        "share_probability",
        "commitment",
        "number",
        "head_size",
        "told",
    )
    more = ("head_root", "recipient", "step", "outcome", "recorder", "seed", "nonce")
    words = [w for name in (*shows, *more) for w in ("--disclose", name)]
    assert run(capsys, "ledger", "export", workspace / "ledger", "-o", tmp_path / "bundle", *words)[0] == 0
    code, out, _ = run(capsys, "tip", "leak", "--ledger", tmp_path / "bundle", "--json")
    assert code == 0
    assert json.loads(out)["units"][0]["e_value"] == pytest.approx(result["units"][0]["e_value"], abs=1e-9)
    path.write_text("\n".join(json.dumps(line) for line in lines[1:]))
    code, out, err = run(capsys, "tip", "leak", path, "--ledger", workspace / "ledger", "--json")
    assert code == 1 and "T0: drawn according to the ledger, missing from the file" in err
    assert not any(u["accused"] for u in json.loads(out)["units"])


def test_variants_keep_place_and_time_and_need_an_order(
    workspace: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    step = "strip 17 from 05:00"
    new = ("tip", "new", "T1", "-w", workspace, "--step", step, *WINDOW, "--coin", "unit-1=0.5", "--tell", "p")
    assert run(capsys, *new)[0] == 0
    assert run(capsys, "tip", "plan", "T1", "-w", workspace)[0] == 0
    key = new_identity()
    keys = [w for u in ("unit-1", "p") for w in ("--key", f"{u}={recipient_of(key)}")]
    share = ("tip", "share", "T1", "-w", workspace, *keys, "-o", tmp_path / "o")
    good = ("--variant", "from 05:00 at strip 17", "--variant", "strip 17, 05:00 onwards")
    code, _, err = run(capsys, *share, *good)
    assert code == 2 and "no written order" in err
    code, _, err = run(capsys, *share, "--authorised-by", "order 4", *good[:3], "strip 18, 05:00")
    assert code == 2 and "lacks '17'" in err
    assert run(capsys, *share, "--authorised-by", "order 4", *good)[0] == 0
    text = open_with((tmp_path / "o" / "T1.1.p.age").read_bytes(), key).decode()
    assert text in good


def test_a_locked_store_opens_only_with_its_passphrase(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ("tip", "new", "T1", "-w", workspace, "--step", "x", *WINDOW, "--coin", "unit-1=0.5")
    assert run(capsys, *new)[0] == 0
    assert run(capsys, "lock", workspace, "--passphrase", "short")[0] == 2
    assert run(capsys, "lock", workspace, "--passphrase", "cinco palabras que recuerdo")[0] == 0
    assert not (workspace / "tips" / "desk.key").exists()
    code, _, err = run(capsys, "tip", "plan", "T1", "-w", workspace)
    assert code == 2 and "locked" in err
    monkeypatch.setenv("WAMAN_PASSPHRASE", "cinco palabras que recuerdo")
    assert run(capsys, "tip", "plan", "T1", "-w", workspace)[0] == 0
    assert run(capsys, "lock", workspace, "--open")[0] == 0
    monkeypatch.delenv("WAMAN_PASSPHRASE")
    assert run(capsys, "tip", "recall", "T1", "-w", workspace, "--reason", "error")[0] == 0


def test_custodians_open_a_step_together_and_each_share_is_recorded(
    workspace: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from waman.ledger import audit
    from waman.ledger.fsck import private_disclosures

    new = ("tip", "new", "T1", "-w", workspace, "--step", "coarse", "--step", "strip 17, 05:00", *WINDOW, "--tell", "p")
    assert run(capsys, *new)[0] == 0
    who = [w for c in ("judge", "ombudsman", "bishop") for w in ("--custodian", c)]
    shares = tmp_path / "shares"
    assert run(capsys, "tip", "embargo", "T1", "-w", workspace, "--step", 2, *who, "-o", shares)[0] == 0
    given = [w for c in ("judge", "bishop") for w in ("--share", f"{c}={shares / f'T1.2.{c}.share'}")]
    opening = ("tip", "open", "T1", "-w", workspace, "--step", 2, "--reason", "team is in place")
    code, _, err = run(capsys, *opening, *given[:2])
    assert code == 2 and "do not open" in err
    code, out, _ = run(capsys, *opening, *given)
    assert code == 0 and out == "strip 17, 05:00\n"
    fields = audit(workspace / "ledger", disclosures=private_disclosures(workspace / "ledger")).disclosed
    kinds = [d.value for d in fields if d.name == "kind"]
    assert kinds.count("share.given") == 3 and kinds.count("share.release") == 3

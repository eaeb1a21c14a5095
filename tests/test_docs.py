"""The documents are true: the reference is the program's, every package is on the map, every command is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click

from waman import cli

ROOT = Path(__file__).parents[1]


def test_the_reference_page_is_what_the_program_says() -> None:
    call = [sys.executable, str(ROOT / "tools" / "make_reference.py"), "--check"]
    run = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_every_command_has_help_that_says_something() -> None:
    context = click.Context(cli.root)
    names = cli.root.list_commands(context)
    assert len(names) >= 2
    for name in names:
        command = cli.root.get_command(context, name)
        assert command is not None and len(command.help or "") > 20, name


def test_the_architecture_page_names_every_package_and_no_other() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    there = {p.parent.name for p in (ROOT / "src" / "waman").glob("*/__init__.py")}
    told = set(re.findall(r"^\*\*`(\w+)/`\*\*", text, re.M))
    assert told == there


def test_the_readme_starts_with_a_sentence_and_a_picture_and_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "![" in "\n".join(text.splitlines()[:8])
    assert "make demo" in text and "make test" in text


def test_every_link_between_the_documents_leads_somewhere() -> None:
    for page in [
        ROOT / "README.md",
        ROOT / "ARCHITECTURE.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
    ]:
        for link in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_no_document_or_code_names_a_package_registry_or_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split()
    words = ["pypi" + ".org", "python" + "hosted", "npm" + "js.", "/wo" + "rk/", "/ro" + "ot/"]
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".png", ".tif", ".gz", ".parquet", ".woff2"} or not path.is_file() or "vendor" in path.parts:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for word in words:
            assert word not in text, f"{name} names {word}"

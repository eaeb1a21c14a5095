"""Puts the leak test together: the file, the ledger's proof, the result."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from waman.cli._desk import now
from waman.errors import Finding, InputError
from waman.ledger import audit
from waman.ledger.audit import root_of_first
from waman.ledger.fsck import private_disclosures
from waman.tips.leak import LeakResult, leak_test
from waman.tips.proof import prove_tips
from waman.tips.table import TipRow, read_tips


def run_leak(tips: IO[str] | None, ledger: Path | None, assume: bool) -> tuple[LeakResult, str]:
    """Return the result, and why a proof was refused (empty: it was not)."""
    rows = _read(tips)
    if ledger is None:
        if rows is None:
            raise InputError("no tips", hint="give tips.jsonl, or --ledger DIR")
        return leak_test(rows, "assumed" if assume else "no"), ""
    if assume:
        raise InputError("--ledger and --assume-randomised exclude each other", hint="a proof needs no assumption")
    found = audit(ledger, disclosures=private_disclosures(ledger))
    if found.failures:
        refusal = f"the ledger does not hold: {found.failures[0].where}: {found.failures[0].what}"
        return leak_test(rows or [], "no", refusal), refusal
    try:
        proven = prove_tips(found.disclosed, lambda n: root_of_first(ledger, found, n).hex(), now(), rows)
    except Finding as why:
        return leak_test(rows or [], "no", str(why)), str(why)
    return _with_excluded(leak_test(list(proven.rows), "proven"), proven.excluded), ""


def _read(tips: IO[str] | None) -> list[TipRow] | None:
    if tips is None:
        return None
    rows, problems = read_tips(tips, getattr(tips, "name", "tips.jsonl"))
    for problem in problems.kept[:3]:
        click.echo(f"problem: {problem.where}: {problem.what}", err=True)
    if not rows:
        raise InputError("no tip could be read", hint="one JSON object a line: tip, time, randomised, shared_with, ...")
    return rows


def _with_excluded(result: LeakResult, more: tuple[tuple[str, str], ...]) -> LeakResult:
    from dataclasses import replace

    return replace(result, excluded=(*result.excluded, *more))

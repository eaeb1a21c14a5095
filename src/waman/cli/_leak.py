"""Puts the leak test together: the file, the ledger's proof, the result."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import IO

import click

from waman.access import Subject, Thing, decide, require
from waman.access.decide import EVERY
from waman.cli._desk import now
from waman.cli._people import asker_of
from waman.errors import Finding, InputError
from waman.ledger import audit
from waman.ledger.audit import root_of_first
from waman.ledger.fsck import private_disclosures
from waman.tips.leak import LeakResult, leak_test
from waman.tips.proof import prove_tips
from waman.tips.table import TipRow, read_tips, units_of


def run_leak(tips: IO[str] | None, ledger: Path | None, assume: bool) -> tuple[LeakResult, str]:
    """Return the result, and why a proof was refused (empty: it was not)."""
    rows = _read(tips)
    if ledger is None:
        if rows is None:
            raise InputError("no tips", hint="give tips.jsonl, or --ledger DIR")
        return leak_test(rows, "assumed" if assume else "no"), ""
    if assume:
        raise InputError("--ledger and --assume-randomised exclude each other", hint="a proof needs no assumption")
    subject = asker_of(ledger.parent)
    found = audit(ledger, disclosures=private_disclosures(ledger))
    compartments = {str(d.value) for d in found.disclosed if d.name == "compartment"}
    for compartment in compartments if (ledger / "private").is_dir() else ():
        require(subject, "read", Thing("leak", "", compartment), "result")
    if found.failures:
        refusal = f"the ledger does not hold: {found.failures[0].where}: {found.failures[0].what}"
        return leak_test(rows or [], "no", refusal), refusal
    try:
        proven = prove_tips(found.disclosed, lambda n: root_of_first(ledger, found, n).hex(), now(), rows)
    except Finding as why:
        return leak_test(rows or [], "no", str(why)), str(why)
    rows = _without_names(list(proven.rows), subject) if (ledger / "private").is_dir() else list(proven.rows)
    return _with_excluded(leak_test(rows, "proven"), proven.excluded), ""


def _without_names(rows: list[TipRow], subject: Subject) -> list[TipRow]:
    """Return the rows with units numbered, where whoever asks may not know which unit is which."""
    if EVERY in subject.compartments or decide(subject, "read", Thing("leak"), "names").permit:
        return rows
    units = sorted(units_of(rows), key=lambda unit: sha256(unit.encode()).hexdigest())
    number = {unit: f"number {i}" for i, unit in enumerate(units, 1)}
    return [
        replace(
            row,
            share_probability={number[u]: p for u, p in row.share_probability.items()},
            shared_with=frozenset(number[u] for u in row.shared_with),
            variants={number[u]: n for u, n in row.variants.items()},
        )
        for row in rows
    ]


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
    return replace(result, excluded=(*result.excluded, *more))

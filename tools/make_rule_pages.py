"""Write docs/rules/: one page a rule, from the rule's own docstring, its weights and its sentences.

python tools/make_rule_pages.py            # write
python tools/make_rule_pages.py --check    # exit 1 where a page is not what the code says
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from waman.flights.rules import RULES
from waman.flights.sentences import ENGLISH, SPANISH
from waman.flights.weights import WEIGHTS

FOLDER = Path(__file__).parents[1] / "docs" / "rules"
HEADINGS = (
    "What it checks",
    "Why it matters",
    "What it must not be used for",
    "Example",
    "Known false positives",
)


def sections(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the title and the five paragraphs of a rule's docstring."""
    title, *paragraphs = docstring.strip().split("\n\n")
    found = {}
    for paragraph in paragraphs:
        head, _, body = paragraph.replace("\n", " ").partition(":")
        found[head.split(" (")[0].strip()] = (head.partition(" (")[2].rstrip(")") + " " + body.strip()).strip()
    missing = [h for h in HEADINGS if h not in found]
    if missing:
        raise SystemExit(f"{title}: the docstring lacks {missing}")
    return title.rstrip("."), found


def page(name: str) -> str:
    """Return the page of one rule."""
    module = importlib.import_module(f"waman.flights.rules.{name}")
    title, parts = sections(module.__doc__ or "")
    lines = [f"# {title}", "", f"Generated from `waman/flights/rules/{name}.py` by `tools/make_rule_pages.py`.", ""]
    for heading in HEADINGS:
        lines += [f"## {heading}", "", parts[heading], ""]
    lines += ["## What it can say", "", "| finding | decibans | kind | English | Spanish |", "|---|---|---|---|---|"]
    for rule, weight in WEIGHTS.items():
        if rule.split(".")[0] == name:
            kind = weight.kind + (f" ({weight.source})" if weight.source else "")
            lines.append(f"| `{rule}` | {weight.db:+g} | {kind} | {ENGLISH[rule]} | {SPANISH[rule]} |")
    return "\n".join(lines) + "\n"


def index() -> str:
    """Return the page that lists all rules."""
    lines = [
        "# Rules",
        "",
        "Each rule says what it saw and how much that weighs; `waman/flights/weigh.py` adds. "
        "A positive weight speaks for an ordinary explanation. No weight can make absences "
        "unexplained: that needs two independent things that were *seen*.",
        "",
    ]
    for name in RULES:
        title, parts = sections(importlib.import_module(f"waman.flights.rules.{name}").__doc__ or "")
        lines.append(f"- [{title}]({name}.md): {parts['What it checks']}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write or check every page."""
    pages = {"index.md": index(), **{f"{name}.md": page(name) for name in RULES}}
    stale = [
        n for n, text in pages.items() if not (FOLDER / n).is_file() or (FOLDER / n).read_text(encoding="utf-8") != text
    ]
    extra = sorted({p.name for p in FOLDER.glob("*.md")} - set(pages))
    if "--check" in sys.argv:
        if stale or extra:
            sys.exit(f"docs/rules is not what the code says: {', '.join(stale + extra)}; run {Path(__file__).name}")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(pages)} pages written")


if __name__ == "__main__":
    main()

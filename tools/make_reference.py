"""Writes docs/reference.md from the commands, the area file's records and the tables. ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import msgspec

from waman import cli, config, tables

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"


def commands(group: click.Group, path: str, context: click.Context) -> list[str]:
    """Return the help of every command below a group, in order of its name."""
    lines: list[str] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=f"{path} {name}", max_content_width=100, terminal_width=100)
        lines += [f"### {path} {name}", "", "```text", command.get_help(inner).rstrip(), "```", ""]
        if isinstance(command, click.Group):
            lines += commands(command, f"{path} {name}", inner)
    return lines


def area_keys() -> list[str]:
    """Return one table of keys for each record of the area file."""
    lines = ["## The area file", ""]
    seen: list[type[msgspec.Struct]] = [config.Area]
    while seen:
        record = seen.pop(0)
        title = "top level" if record is config.Area else f"[{record.__name__.lower()}]"
        lines += [
            f"### {title}",
            "",
            (record.__doc__ or "").strip().splitlines()[0],
            "",
            "| key | holds | unless said |",
        ]
        lines += ["|---|---|---|"]
        hints = get_type_hints(record, include_extras=True)
        for field in msgspec.structs.fields(record):
            inner = [t for t in (field.type, *get_args(field.type)) if isinstance(t, type)]
            for t in inner:
                if issubclass(t, msgspec.Struct):
                    seen.append(t)
            if field.name == "folder":
                continue
            shown = "required" if field.default is msgspec.NODEFAULT else f"`{_shown(field.default)}`"
            lines.append(f"| `{field.name}` | {_type(hints[field.name])} | {shown} |")
        lines.append("")
    return lines


def _shown(value: Any) -> str:
    return "none" if value is None or value == () or isinstance(value, msgspec.Struct) else str(value)


def _type(hint: Any) -> str:
    text = str(hint).replace("typing.", "").replace("waman.config.", "")
    for long, short in (
        ("Annotated[float, msgspec.Meta(ge=-90.0, le=90.0)]", "latitude"),
        ("Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]", "longitude"),
        ("Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]", "share 0..1"),
        ("Annotated[float, msgspec.Meta(gt=0.0)]", "number > 0"),
        ("Annotated[float, msgspec.Meta(ge=0.0)]", "number >= 0"),
        ("<class 'str'>", "text"),
        ("<class 'float'>", "number"),
        ("<class 'bool'>", "true or false"),
        (" | None", " or nothing"),
        ("|", "or"),
    ):
        text = text.replace(long, short)
    return text.replace("<class '", "").replace("'>", "")


def table_columns() -> list[str]:
    """Return one table of columns for each contract table."""
    lines = ["## The tables", "", 'Null means "not measured". Readers ignore columns they do not know.', ""]
    for name, schema in tables.SCHEMAS.items():
        lines += [f"### {name}", "", "| column | type | may be null | words |", "|---|---|---|---|"]
        for field in schema:
            words = ", ".join(sorted(tables.WORDS.get(name, {}).get(field.name, ())))
            kind = str(field.type).replace("dictionary<values=string, indices=int32, ordered=0>", "word")
            lines.append(f"| `{field.name}` | {kind} | {'yes' if field.nullable else 'no'} | {words} |")
        lines.append("")
    return lines


def page() -> str:
    """Return the whole reference page."""
    context = click.Context(cli.root, info_name="waman")
    head = [
        "# Reference",
        "",
        "Made by `make docs` from the program itself; a test keeps it true.",
        "",
        "## Commands",
        "",
    ]
    return "\n".join(head + commands(cli.root, "waman", context) + area_keys() + table_columns()).rstrip() + "\n"


if __name__ == "__main__":
    made = page()
    if "--check" in sys.argv:
        sys.exit(
            0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made else "docs/reference.md: run make docs"
        )
    PAGE.write_text(made, encoding="utf-8")
    print(f"{PAGE} written")

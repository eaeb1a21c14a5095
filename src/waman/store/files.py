"""Files that are whole or absent: written to a temporary name, flushed to the disk, renamed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from waman.errors import Problems


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[BinaryIO]:
    """Give a file to write to; it becomes ``path`` only when the block ends without an error.

    A reader (or a crash) therefore meets the old file or the new one, never half of one.

    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> with replacing(target) as out:
    ...     _ = out.write(b"whole")
    >>> target.read_bytes(), sorted(p.name for p in target.parent.iterdir())
    (b'whole', ['a.txt'])
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.chmod(0o644)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_file(content: str | bytes, path: Path | str) -> Path:
    """Write text (UTF-8) or bytes whole, and return the path."""
    with replacing(path) as out:
        out.write(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path)


def write_problems(problems: Problems, path: Path | str) -> Path:
    r"""Write ``problems.jsonl``: one problem a line, and a last line when more were met than kept.

    >>> import tempfile
    >>> found = Problems()
    >>> found.add("a.csv:2", "latitude outside -90..90", "910")
    >>> write_problems(found, tempfile.mkdtemp() + "/problems.jsonl").read_text()
    '{"where":"a.csv:2","what":"latitude outside -90..90","value":"910"}\n'
    """
    import json

    rows = [p.as_dict() for p in problems.kept]
    if problems.count > len(rows):
        more = problems.count - len(rows)
        rows.append({"where": "", "what": f"{more} more problems were counted and not kept", "value": str(more)})
    text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows)
    return write_file(text, path)

"""One command of Waman as a person gives it, in this process."""

from __future__ import annotations

import pytest

from waman.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code, what it printed and what it complained of."""
    code = 0
    try:
        main([str(w) for w in words])
    except SystemExit as why:
        code = int(why.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err

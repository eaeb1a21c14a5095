"""Errors that teach, and the problems a reader reports instead of raising.

Two kinds of failure, kept apart:

* ``Problem``: outside data was bad somewhere. Readers never raise for it; they
  return what they could read and the list of problems.
* ``WamanError``: nothing useful can be done. The command line prints it as one
  ``waman: error:`` line and one ``waman: hint:`` line and exits with its code.
"""

from __future__ import annotations

from dataclasses import dataclass

PROBLEMS_KEPT_MAX = 10_000
"""Most problems one reader keeps; the rest are only counted (a damaged gigabyte must not fill memory)."""


class WamanError(Exception):
    """An error for a person: what is wrong, and what to do about it.

    >>> str(WamanError("area.toml: no sensor 'tikli'", hint="known sensors: ticlio"))
    "area.toml: no sensor 'tikli'"
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(WamanError):
    """The input cannot be used at all (exit code 2)."""


class TableError(InputError):
    """A table does not keep the contract; names the column and the row."""


class ConfigError(InputError):
    """An area file or scenario is wrong; names the key."""


class Finding(WamanError):
    """A check ran and found something, such as a failed audit (exit code 1)."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where outside data was bad.

    ``where`` is a file with byte offset or line, ``what`` a sentence, ``value``
    the offending value as text (at most 200 characters).

    >>> Problem("a.csv:12", "latitude outside -90..90", "910.5").as_dict()["where"]
    'a.csv:12'
    """

    where: str
    what: str
    value: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the problem as the row written to ``problems.jsonl``."""
        return {"where": self.where, "what": self.what, "value": self.value[:200]}


class Problems:
    """A bounded list of problems. State: ``kept`` (at most PROBLEMS_KEPT_MAX) and ``count``.

    >>> found = Problems()
    >>> found.add("a.bin@0", "trailing bytes", "4")
    >>> found.count, len(found.kept)
    (1, 1)
    """

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.count = 0

    def add(self, where: str, what: str, value: object = "", *, times: int = 1) -> None:
        """Record one problem that was met ``times`` times."""
        self.count += times
        if len(self.kept) < PROBLEMS_KEPT_MAX:
            self.kept.append(Problem(where, what, str(value)[:200]))

    def extend(self, other: Problems) -> None:
        """Add all that another list holds, counts included."""
        room = PROBLEMS_KEPT_MAX - len(self.kept)
        self.kept.extend(other.kept[:room])
        self.count += other.count

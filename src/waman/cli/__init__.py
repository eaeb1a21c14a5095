"""The command line: one module a subcommand, imported only when called.

Every module of this package whose name does not start with an underscore is a
subcommand: it holds one click command (or group) called ``command``. Nothing here
imports numba, and bad input never shows a traceback.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import click

from waman import __version__
from waman.errors import WamanError


class _Commands(click.Group):
    """Finds subcommands by the modules of this package. No state."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands, sorted."""
        names = [m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]
        return sorted(name.removesuffix("_command") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one subcommand and return its command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            module = importlib.import_module(f"waman.cli.{cmd_name}")
        except ModuleNotFoundError as why:
            # a module named like a keyword or a room ("import") carries the suffix
            if why.name != f"waman.cli.{cmd_name}":
                raise
            module = importlib.import_module(f"waman.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="waman")
def root() -> None:
    """See the low sky, and say what could not be seen."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit 0 done, 1 finding, 2 bad input. No traceback reaches a user."""
    try:
        root.main(args=arguments, prog_name="waman", standalone_mode=False)
    except WamanError as why:
        _say(str(why), why.hint)
        sys.exit(why.exit_code)
    except click.exceptions.Exit as why:
        sys.exit(why.exit_code)
    except click.ClickException as why:
        _say(why.format_message(), "see waman --help")
        sys.exit(2)
    except click.Abort:
        _say("interrupted", "what was written so far is complete; run the command again to go on")
        sys.exit(2)
    except OSError as why:
        _say(
            f"{why.filename or ''}: {why.strerror or why}".lstrip(": "), "check the path, its rights and the free space"
        )
        sys.exit(2)
    except Exception as why:
        # a fault of Waman's own: a user gets a sentence, whoever mends it sets WAMAN_DEBUG and gets the traceback
        if os.environ.get("WAMAN_DEBUG"):
            raise
        _say(f"a fault of Waman itself: {type(why).__name__}: {why}", "please report it, with WAMAN_DEBUG=1 set")
        sys.exit(2)


def _say(message: str, hint: str) -> None:
    click.echo(f"waman: error: {message}", err=True)
    click.echo(f"waman: hint: {hint or 'run the command with --help'}", err=True)

"""``waman lock``: shut the key of the sealed tips and cases behind a passphrase."""

from __future__ import annotations

from pathlib import Path

import click

from waman.errors import InputError

PHRASE_CHARS_MIN = 12


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--open", "opening", is_flag=True, help="Take the lock off again.")
@click.option("--passphrase", prompt=True, hide_input=True, help="Asked for if not given.", envvar="WAMAN_PASSPHRASE")
def command(workspace: Path, opening: bool, passphrase: str) -> None:
    """Encrypt the desk key of WORKSPACE under a passphrase (scrypt, age format).

    While it is locked every command that opens a tip or a case needs WAMAN_PASSPHRASE. A forgotten
    passphrase cannot be recovered by anybody. The disk may keep traces of the open key until they are
    overwritten: encrypt the disk too.
    """
    import pyrage

    from waman.cli._desk import desk_identity

    folder = workspace / "tips"
    locked, plain = folder / "desk.key.age", folder / "desk.key"
    if opening:
        identity = desk_identity(folder) if locked.is_file() else ""
        if not identity:
            raise InputError(f"{workspace} is not locked")
        plain.touch(mode=0o600)
        plain.write_text(identity, encoding="utf-8")
        locked.unlink()
        click.echo("opened: the key lies readable on this disk")
        return
    if not plain.is_file():
        raise InputError(f"{workspace} has no open desk key", hint="it is locked, or holds no tips yet")
    if len(passphrase) < PHRASE_CHARS_MIN:
        raise InputError(
            f"a passphrase of {len(passphrase)} characters", hint=f"at least {PHRASE_CHARS_MIN}; five words do"
        )
    part = folder / "desk.key.age.part"
    part.write_bytes(pyrage.passphrase.encrypt(plain.read_bytes(), passphrase))
    part.replace(locked)
    plain.write_bytes(bytes(plain.stat().st_size))
    plain.unlink()
    click.echo("locked")

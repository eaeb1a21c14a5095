"""The export bundle: a folder that a stranger can audit offline, with the fields chosen to be shown."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from waman.errors import InputError
from waman.ledger.disclose import Disclosed, disclosed
from waman.ledger.log import Log
from waman.ledger.merkle import prove_inclusion
from waman.ledger.note import open_note
from waman.ledger.tiles import nodes_from, tile_path, tiles_of

README = """This folder is a transparency log in C2SP tlog-tiles form.

Open verify.html in a browser (it needs no network), choose this folder, and read the steps.
Better: use a verify.html or a `waman verify` that you got from somebody else; a page that
comes with the evidence could lie. Compare the log's key with one you were given on paper:

    {key}

Shown: {shown} fields of {size} entries. All others stand only as salted digests.
{order}
"""


def export_bundle(log: Log, out: Path, shows: Callable[[Disclosed], bool], order: str) -> int:
    """Write checkpoint, tiles, policy, chosen disclosures and the page into the new folder ``out``.

    ``shows`` decides for each field; by the caller's policy, never by this module's. ``order`` is the
    sentence on what the order of entries rests on. Returns the number of fields shown.
    """
    if out.exists():
        raise InputError(f"{out} already exists", hint="export into a new folder; nothing is overwritten")
    size = open_note(log.note(), [log.signer.verifier()]).checkpoint.size
    staging = out.with_name(out.name + ".part")
    if staging.exists():
        shutil.rmtree(staging)
    names = [tile_path(level, n, width) for level, n, width in tiles_of(size)]
    names += [tile_path("entries", n, width) for level, n, width in tiles_of(size) if level == 0]
    for name in names:
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log.folder / name, staging / name)
    staging.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(log.folder / "policy", staging / "policy")
    shown = 0
    with (staging / "disclosures.jsonl").open("w", encoding="utf-8") as file:
        for seq, texts in log.disclosures(0, size):
            for text in texts:
                if shows(disclosed(seq, text)):
                    file.write(json.dumps({"seq": seq, "disclosure": text}) + "\n")
                    shown += 1
    (staging / "verify.html").write_text(page(), encoding="utf-8")
    readme = README.format(key=log.signer.verifier().text(), shown=shown, size=size, order=order)
    (staging / "README.txt").write_text(readme, encoding="utf-8")
    (staging / "checkpoint").write_text(log.note(), encoding="utf-8")
    staging.rename(out)
    return shown


def page() -> str:
    """Return the offline verifier page; the same bytes for every log."""
    return resources.files("waman.ledger").joinpath("verify.html").read_text(encoding="utf-8")


def proof_text(log: Log, index: int) -> str:
    """Return a C2SP tlog-proof for one entry: index, path, checkpoint with its cosignatures."""
    note = log.note()
    size = open_note(note, [log.signer.verifier()]).checkpoint.size
    if not 0 <= index < size:
        raise InputError(f"no entry {index}: the ledger holds {size}", hint="entries count from 0")
    path = prove_inclusion(nodes_from(log.tile), index, size)
    lines = "".join(base64.b64encode(hash_).decode() + "\n" for hash_ in path)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{lines}\n{note}"

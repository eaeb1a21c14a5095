"""The last step of a tip in the hands of custodians: no one opens it alone, and every share is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from waman.errors import InputError
from waman.ledger import Record
from waman.tips.desk import Desk, permitted
from waman.tips.sealed import open_with_shares, seal_for_custodians


def embargo(desk: Desk, name: str, step: int, custodians: Sequence[str], needed: int, t: str) -> dict[str, str]:
    """Seal a step so that ``needed`` of the custodians open it; returns each one's share, to be handed over.

    Which custodian holds which share is recorded (by digest) before a share is returned.
    """
    tip = permitted(desk, name, "write", "recipients")
    if not 1 <= step <= len(tip.steps):
        raise InputError(f"tip {name} has steps 1 to {len(tip.steps)}, not {step}")
    if len(set(custodians)) != len(custodians):
        raise InputError("a custodian is named twice")
    sealed, shares = seal_for_custodians(tip.steps[step - 1].encode(), needed, len(custodians))
    given = dict(zip(custodians, shares, strict=True))
    records = [
        Record("tip", t, {**_fields("share.given", name, step, who, share), "needed": needed}, actor=desk.officer)
        for who, share in given.items()
    ]
    desk.log.append(records)
    desk.store.put(f"{name}.{step}.embargo", sealed)
    return given


def open_embargo(desk: Desk, name: str, step: int, shares: dict[str, str], reason: str, t: str) -> bytes:
    """Open an embargoed step with the custodians' shares; each share given back is recorded first."""
    permitted(desk, name, "read", "content", step=step)
    if not reason:
        raise InputError("opening needs a reason", hint="--reason; it is recorded")
    if f"{name}.{step}.embargo" not in desk.store.names():
        raise InputError(f"step {step} of tip {name} is under no embargo")
    sealed = desk.store.get(f"{name}.{step}.embargo")
    records = [
        Record("tip", t, {**_fields("share.release", name, step, who, share), "reason": reason}, actor=desk.officer)
        for who, share in shares.items()
    ]
    if records:
        desk.log.append(records)
    return open_with_shares(sealed, list(shares.values()))


def _fields(kind: str, tip: str, step: int, custodian: str, share: str) -> dict[str, object]:
    digest = sha256(" ".join(share.split()).encode()).hexdigest()
    return {"kind": kind, "tip": tip, "step": step, "custodian": custodian, "share_digest": digest}

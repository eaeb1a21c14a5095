"""An append-only transparency log in C2SP tlog-tiles form: append, prove, witness, disclose, audit.

The trusted base: standard library, cryptography and rfc8785; neither numpy nor numba.
"""

from waman.ledger.audit import Audit, audit
from waman.ledger.disclose import Disclosed
from waman.ledger.entry import Record, parse_record
from waman.ledger.export import export_bundle, proof_text
from waman.ledger.log import Log, Receipt, create_log

__all__ = [
    "Audit",
    "Disclosed",
    "Log",
    "Receipt",
    "Record",
    "audit",
    "create_log",
    "export_bundle",
    "parse_record",
    "proof_text",
]

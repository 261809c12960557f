"""Who did what to whom, and proof that nobody changed the answer.

`record` writes an act in the act's own transaction; a sealer behind it chains the committed
rows and signs checkpoints; `verify` tells of every row that was changed, taken, put in, moved,
and of an end that was cut off. Who may read the trail is asked in `stores.access`.
"""

from vesalius.stores.audit import kinds
from vesalius.stores.audit.chain import seal
from vesalius.stores.audit.checkpoints import write_checkpoint
from vesalius.stores.audit.refusals import record_refusal
from vesalius.stores.audit.sealer import keep_sealing, seal_all
from vesalius.stores.audit.trail import Action, Actor, Entry, Outcome, record, search
from vesalius.stores.audit.transfers import Transfers, close_transfer, open_transfer
from vesalius.stores.audit.verification import Verification, verify

__all__ = [
    "Action",
    "Actor",
    "Entry",
    "Outcome",
    "Transfers",
    "Verification",
    "close_transfer",
    "keep_sealing",
    "kinds",
    "open_transfer",
    "record",
    "record_refusal",
    "seal",
    "seal_all",
    "search",
    "verify",
    "write_checkpoint",
]

"""Signed checkpoints of the chain, kept in a file outside the database.

Whoever can write the database can also rewrite the chain, or cut off its end; what was signed
and put elsewhere still tells. `<data directory>/audit/checkpoints.jsonl` is meant to be copied
away (write-once storage, another machine); the public key is all that is needed to check it.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from vesalius.kit.transaction import Transaction
from vesalius.stores.audit.chain import last_block


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed sentence: block `block` of schema `schema` had this hash at this time."""

    schema: str
    block: int
    hash: str
    signed: str
    key_id: str
    signature: str

    def message(self) -> bytes:
        """What is signed."""
        fields = (self.schema, str(self.block), self.hash, self.signed, self.key_id)
        return "\n".join(("vesalius audit checkpoint 1", *fields)).encode()

    def line(self) -> bytes:
        """How it stands in the file."""
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)


def checkpoint_file(data_directory: Path) -> Path:
    """Where the checkpoints are."""
    return data_directory / "audit" / "checkpoints.jsonl"


def key_file(data_directory: Path) -> Path:
    """Where the key that signs them is."""
    return data_directory / "audit" / "checkpoint.key"


def load_key(data_directory: Path) -> Ed25519PrivateKey:
    """The signing key of this data directory, made on first use, readable by its owner only."""
    path = key_file(data_directory)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Linked into place complete, so that two processes that start together agree on one.
        fresh = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(
                Ed25519PrivateKey.generate().private_bytes(
                    Encoding.Raw, PrivateFormat.Raw, NoEncryption()
                )
            )
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        _sync_directory(path.parent)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a key: the first half of its digest."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


def sign(key: Ed25519PrivateKey, schema: str, block: int, hash: str, now: datetime) -> Checkpoint:
    """Make a checkpoint."""
    name = key_id(key.public_key())
    draft = Checkpoint(schema, block, hash, now.isoformat(), name, "")
    signature = base64.b64encode(key.sign(draft.message())).decode()
    return Checkpoint(schema, block, hash, draft.signed, name, signature)


def is_genuine(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Whether this key signed this checkpoint."""
    try:
        key.verify(base64.b64decode(checkpoint.signature), checkpoint.message())
    except (InvalidSignature, ValueError):
        return False
    return True


async def write_checkpoint(tx: Transaction) -> Checkpoint | None:
    """Sign the chain's end into the file and the database; None when that is done already.

    The file is durable before the row is committed: a crash leaves at worst a checkpoint more
    in the file, which verifies all the same.
    """
    last = await last_block(tx)
    if last is None:
        return None
    key = load_key(tx.settings.data_directory)
    name = key_id(key.public_key())
    newest = await tx.fetch_value(
        "SELECT max(block) FROM audit_checkpoint WHERE key_id = %s", (name,)
    )
    if newest is not None and newest >= last.number:
        return None
    checkpoint = sign(key, tx.settings.database_schema, last.number, last.hash.hex(), tx.now)
    _append(checkpoint_file(tx.settings.data_directory), checkpoint.line())
    await tx.execute(
        "INSERT INTO audit_checkpoint (block, hash, signed, key_id, signature)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (last.number, last.hash, tx.now, name, base64.b64decode(checkpoint.signature)),
    )
    return checkpoint


def read_checkpoints(data_directory: Path) -> list[Checkpoint]:
    """Every checkpoint of the file, in order. Raises ValueError on a line that is none."""
    path = checkpoint_file(data_directory)
    if not path.exists():
        return []
    try:
        return [Checkpoint(**orjson.loads(line)) for line in path.read_bytes().splitlines()]
    except (TypeError, orjson.JSONDecodeError) as error:
        raise ValueError("the checkpoint file has a line that is no checkpoint") from error


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

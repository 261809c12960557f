"""Random secrets that are shown once and kept as digests."""

import hashlib
import hmac
import secrets


def new_secret(prefix: str = "") -> str:
    """256 random bits as text; a prefix lets scanners of leaked secrets know it."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored. Plain SHA-256: a secret of 256 bits cannot be guessed from it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def csrf_token(session_secret: str) -> str:
    """The token that unsafe requests of a session carry: made from its secret, stored nowhere."""
    return hmac.new(
        session_secret.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256
    ).hexdigest()


def equal(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )

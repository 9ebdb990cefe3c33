"""Passwords and tokens: read from files, compared without telling by time what is right."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from hashing.errors import UsageError

SHORTEST_TOKEN = 16


def _text(path: Path) -> str:
    """What stands in a file, without the mark that some editors begin it with."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            f"expected text in UTF-8 in {path}, found other bytes: save it in UTF-8"
        ) from None


def read_credentials(path: Path) -> dict[str, str]:
    """Passwords by user name from a file of `name:password` lines. Raises UsageError."""
    lines = [line for line in _text(path).splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    if not pairs or not all(name and password for name, _, password in pairs):
        raise UsageError(f"expected lines of name:password in {path}, found none or others")
    return {name: password for name, _, password in pairs}


def read_token(path: Path) -> str:
    """The token in a file, its first line. Raises UsageError for a short one."""
    token = _text(path).partition("\n")[0].strip()
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
        raise UsageError(
            f"expected a token of at least {SHORTEST_TOKEN} ASCII characters in {path}, found "
            f"{len(token)}: `python -c 'import secrets; print(secrets.token_urlsafe())'` makes one"
        )
    return token


def knows_password(authorization: str, credentials: Mapping[str, str]) -> bool:
    """Whether a header `Authorization` names a user and the right password."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except ValueError:  # letters that are no base64, bytes that are no text
        return False
    name, _, password = text.partition(":")
    # An unknown name is compared as well, so that time does not tell which names exist.
    expected = credentials.get(name, secrets.token_hex())
    same = secrets.compare_digest(password.encode(), expected.encode())
    return scheme.lower() == "basic" and same


def knows_token(authorization: str, token: str | None) -> bool:
    """Whether a header `Authorization` carries the token; nobody does where there is none."""
    scheme, _, given = authorization.partition(" ")
    expected = token or secrets.token_hex()
    same = secrets.compare_digest(given.strip().encode(), expected.encode())
    return scheme.lower() == "bearer" and same and token is not None

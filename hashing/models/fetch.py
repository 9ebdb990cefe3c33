"""A model folder from where its user says.

It runs when it is called with an address, never by itself. Besides, torchvision fetches CIFAR-10
and the libraries fetch weights, where a training asks for them. What comes is checked like any
folder from a stranger: sizes first, then the configuration, then the digest of the weights.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from hashing.errors import ArtefactError, InputError, UsageError
from hashing.models.folder import load_model
from hashing.models.publishing import CONFIG, WEIGHTS, publish_folder

FILES = {CONFIG: 16 << 20, WEIGHTS: 4 << 30, "metrics.json": 64 << 20, "README.md": 1 << 20}
"""What is fetched, and the most bytes of each; the last two may be absent."""

CHUNK = 1 << 20
TIMEOUT = 60.0
"""Seconds without any byte after which the other side is given up."""

LOCAL = ("127.0.0.1", "localhost", "::1")


def fetch_model(
    address: str, folder: Path, on_progress: Callable[[int], None] = lambda count: None
) -> None:
    """Copy the model folder at `address` to `folder`, whole or not at all.

    address: `https://…/NAME`, below which the folder's files lie (`http` on this machine only).
    on_progress: hears how many more bytes came.

    Raises UsageError for another address and where `folder` exists, InputError where the files
    cannot be had, ArtefactError where they are not a model of ours.
    """
    check_address(address)
    if folder.exists():
        raise UsageError(f"expected a new folder, found {folder}: it is already there")
    contents = {}
    for name, most in FILES.items():
        data = _read(f"{address.rstrip('/')}/{name}", most, on_progress)
        if data is not None:
            contents[name] = data
        elif name in (CONFIG, WEIGHTS):
            raise InputError(f"expected a model folder at {address}, found no {name} there")
        if name == CONFIG and not _is_json(contents[CONFIG]):
            raise ArtefactError(f"expected a model's {CONFIG} at {address}, found something else")
    publish_folder(folder, contents)
    try:
        load_model(folder)
    except BaseException:
        for name in contents:
            (folder / name).unlink()
        folder.rmdir()
        raise


def is_address(text: str) -> bool:
    """Whether it reads like an address rather than a folder."""
    return "://" in text


def check_address(address: str) -> None:
    """Raises UsageError unless nobody on the way could change what comes."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
        raise UsageError(f"expected an address https://…, found {address}")


class _Redirects(HTTPRedirectHandler):
    """A redirection is held to the same rule as the address."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _read(address: str, most: int, on_progress: Callable[[int], None]) -> bytes | None:
    """The file at an address; None where there is none."""
    opener = build_opener(_Redirects)
    data = bytearray()
    try:
        with opener.open(Request(address), timeout=TIMEOUT) as answer:
            while chunk := answer.read(CHUNK):
                data += chunk
                on_progress(len(chunk))
                if len(data) > most:
                    raise ArtefactError(f"expected at most {most:,} bytes at {address}, found more")
    except HTTPError as error:
        if error.code in (404, 410):
            return None
        raise InputError(f"{address} answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"{address} cannot be had: {reason}; check address and network") from error
    return bytes(data)


def _is_json(data: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(data), dict)
    return False

"""`serve.py`: the browser page and the HTTP API on one index."""

import argparse
import errno
import logging
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import Parser, add_common
from hashing.cli.index.options import at_least
from hashing.errors import UsageError
from hashing.places import demo
from hashing.progress import is_quiet, log

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI


DEMO_INDEX = "art.index"
"""The demo's, in its folder."""
LOCAL = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
STARTING = 120
"""Seconds without a sign of life after which one of several processes is started anew: on a busy
machine the libraries alone may take as long as uvicorn waits by itself, again and again."""


def main(argv: Sequence[str]) -> int:
    """Serve until interrupted."""
    options = parsed(argv)
    location = options.index or _demo_index()
    listener = _listen(options.host, options.port)
    with listener:
        _serve(location, listener, options)
    return 0


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The options. Raises UsageError where everybody would get in and nobody said so."""
    options = _parser().parse_args(argv)
    check_open(options.host, options.auth, public=options.public)
    return options


def check_open(host: str, auth: Path | None, *, public: bool) -> None:
    """Raise UsageError where everybody who reaches an address would get in and nobody said so."""
    if not (host in LOCAL or auth or public):
        raise UsageError(
            f"expected --auth FILE beside --host {host}, so that not everybody who reaches "
            "the address gets in; --public lets them"
        )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="serve.py", description=__doc__)
    parser.add_argument(
        "index", nargs="?", metavar="INDEX", help="an index (the demo's if left out)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=7860, help="port to listen on (7860)")
    parser.add_argument(
        "--auth", type=Path, metavar="FILE", help="lines of name:password to ask for"
    )
    parser.add_argument(
        "--public", action="store_true", help="with another --host: let everybody in"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--device", default="auto", help="where the network runs: cpu, cuda (default: auto)"
    )
    parser.add_argument("--model", metavar="MODEL", help="the index's model, if it has moved")
    parser.add_argument(
        "--workers", type=at_least(1), default=1, metavar="N", help="processes that serve (1)"
    )
    parser.add_argument(
        "--public-url",
        default="",
        metavar="URL",
        help="the address that the world knows, behind a proxy: https://host[/prefix]",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name the server answers to (repeatable)",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="another site whose pages may ask, https://host, or * for all (repeatable)",
    )
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a proxy whose X-Forwarded headers are believed; nobody's are else (repeatable)",
    )
    parser.add_argument(
        "--writable",
        type=Path,
        metavar="FILE",
        help="let programs that say the token in this file add, change and remove works",
    )
    parser.add_argument(
        "--where",
        default="",
        metavar="FILTER",
        help="show only works that pass: \"year < 1950 and rights = 'CC0'\"; those with something "
        "in a column `hidden` are never shown",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=10.0,
        metavar="N",
        help="pictures a second that one address may search by, and five times as many other "
        "requests (10); 0 for any number",
    )
    parser.add_argument("--access-log", action="store_true", help="a line of JSON for each request")
    add_common(parser)
    return parser


def _demo_index() -> str:
    location = demo() / DEMO_INDEX
    if not location.exists():
        raise UsageError(
            "expected an INDEX, found none and no demo yet: run `make demo` (`arthash demo`) first"
        )
    return str(location)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow happens. Raises UsageError where that fails."""
    if not 0 <= port <= 65535:
        raise UsageError(f"expected a --port from 0 to 65535, found {port}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=both)
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else str(error)
        raise UsageError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --port"
        ) from error


def _serve(location: str, listener: socket.socket, options: argparse.Namespace) -> None:
    log("Starting: loading the libraries …")
    from hashing.service.worker import Settings, count, make

    settings = Settings(
        location,
        options.device,
        options.model,
        options.auth and str(options.auth),
        options.writable and str(options.writable),
        tuple(options.allow_host) if options.host in LOCAL or options.allow_host else None,
        tuple(options.allow_origin),
        options.public_url,
        options.where,
        options.rate,
        options.access_log,
        is_quiet(),
    )
    settings.door()  # what is wrong with it is told before the model is loaded
    if options.workers > 1:
        # what fails in one of several processes would be started anew for ever
        _announce(options, listener, count(settings))
        run_workers(settings.as_text(), listener, options)
        return
    current, app = make(settings)
    with current.reading() as collection:
        _announce(options, listener, len(collection))
    closing = threading.Event()
    warming = threading.Thread(target=current.warm, args=[closing])
    warming.start()
    try:
        run_server(app, listener, options.proxy)
    finally:
        closing.set()
        warming.join()
        current.close()


def _announce(options: argparse.Namespace, listener: socket.socket, count: int) -> None:
    """Say where the works hang, for a phone as a picture, too."""
    port = listener.getsockname()[1]
    host = reachable() if options.host in EVERYWHERE else options.host
    address = options.public_url or f"http://{_in_url(host)}:{port}"
    log(f"{count:,} works are hanging at {address} (Ctrl+C closes)")
    if options.host in EVERYWHERE and sys.stderr.isatty() and not is_quiet():
        _print_code(address)
    if options.open:
        import webbrowser

        webbrowser.open(address)


def reachable() -> str:
    """The address by which others in the network reach this machine; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation, by RFC 5737
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _print_code(address: str) -> None:
    try:
        import segno
    except ImportError:
        return
    segno.make(address, error="l").terminal(sys.stderr, border=2, compact=True)


def run_workers(settings: str, listener: socket.socket, options: argparse.Namespace) -> None:
    """Serve from several processes that share the port; raises KeyboardInterrupt at the end."""
    import os

    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from hashing.service.worker import SETTINGS

    os.environ[SETTINGS] = settings
    config = uvicorn.Config(
        "hashing.service.worker:app",
        factory=True,
        workers=options.workers,
        http="hashing.service.admission:PromptProtocol",
        log_level="warning",
        timeout_graceful_shutdown=1,
        timeout_worker_healthcheck=STARTING,
        proxy_headers=bool(options.proxy),
        forwarded_allow_ips=options.proxy,
    )
    Multiprocess(config, [listener]).run()
    raise KeyboardInterrupt


def run_server(app: "FastAPI", listener: socket.socket, proxies: Sequence[str] = ()) -> None:
    """Serve until interrupted; raises KeyboardInterrupt then.

    proxies: addresses whose word is taken for who asks, and how.
    """
    import uvicorn

    from hashing.service.admission import PromptProtocol

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
            # Closing takes a second at most; a second Ctrl+C would only tear it down midway,
            # and an open page that is cut off by it is no error.
            logging.getLogger("uvicorn.error").disabled = True
            if not self.should_exit:
                super().handle_exit(sig, frame)

    # An open page keeps one connection for good; closing must not wait for it.
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        log_level="warning",
        timeout_graceful_shutdown=1,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    server = Server(config)
    server.run(sockets=[listener])
    # uvicorn raises the interrupt anew, but one that falls into its closing can get lost.
    if server.started:
        raise KeyboardInterrupt


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

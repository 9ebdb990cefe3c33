"""`serve.py`: the browser page and the HTTP API on one index."""

import argparse
import errno
import logging
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import Parser, add_common
from hashing.errors import UsageError
from hashing.places import demo
from hashing.progress import log

if TYPE_CHECKING:
    from types import FrameType

    from fastapi import FastAPI


DEMO_INDEX = "art.index"
"""The demo's, in its folder."""
LOCAL = ("127.0.0.1", "localhost", "::1")


def main(argv: Sequence[str]) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(argv)
    if not (options.host in LOCAL or options.auth or options.public):
        raise UsageError(
            f"expected --auth FILE beside --host {options.host}, so that not everybody who reaches "
            "the address gets in; --public lets them"
        )
    location = options.index or _demo_index()
    listener = _listen(options.host, options.port)
    with listener:
        _serve(location, listener, options)
    return 0


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
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else str(error)
        raise UsageError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --port"
        ) from error


def _serve(location: str, listener: socket.socket, options: argparse.Namespace) -> None:
    log("Starting: loading the libraries …")
    from hashing.service.api import create_app
    from hashing.service.current import open_current
    from hashing.service.guards import read_credentials

    credentials = read_credentials(options.auth) if options.auth else None
    is_local = options.host in LOCAL
    current = open_current(location, options.device)
    app = create_app(current, hosts=LOCAL if is_local else None, credentials=credentials)
    address = f"http://{_in_url(options.host)}:{listener.getsockname()[1]}"
    with current.reading() as collection:
        count = len(collection)
    log(f"{count:,} works are hanging at {address} (Ctrl+C closes)")
    if options.open:
        import webbrowser

        webbrowser.open(address)
    closing = threading.Event()
    warming = threading.Thread(target=current.warm, args=[closing])
    warming.start()
    try:
        run_server(app, listener)
    finally:
        closing.set()
        warming.join()
        current.close()


def run_server(app: "FastAPI", listener: socket.socket) -> None:
    """Serve until interrupted; raises KeyboardInterrupt then."""
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
        app, http=PromptProtocol, log_level="warning", timeout_graceful_shutdown=1
    )
    server = Server(config)
    server.run(sockets=[listener])
    # uvicorn raises the interrupt anew, but one that falls into its closing can get lost.
    if server.started:
        raise KeyboardInterrupt


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

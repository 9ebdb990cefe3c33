"""`index.py info` and `verify`."""

import argparse
from dataclasses import asdict
from pathlib import Path

from hashing.cli.console import emit, suggest, word
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts


def add_commands(commands: Commands) -> None:
    """Declare `info` and `verify`."""
    parser = command(commands, "info", info, "what an index holds and which model made it")
    index_argument(parser)
    parser = command(commands, "verify", verify, "check everything, repair what can be repaired")
    index_argument(parser)


def info(arguments: argparse.Namespace) -> int:
    """Print what an index says of itself."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        found = collection.info
    columns = {name: kind.__name__ for name, kind in found.columns.items()}
    if arguments.json:
        emit({**asdict(found), "columns": columns})
        return 0
    shorter = ", ".join(str(bits) for bits in found.lengths if bits < found.bits)
    there = "" if Path(found.model).exists() else " (not there any more)"
    print_facts(
        {
            "index": found.location,
            "items": f"{found.count:,}" + (f", {found.removed:,} removed" * bool(found.removed)),
            "code": f"{found.bits} bits" + (f", shorter: {shorter}" if shorter else ""),
            "features": f"{found.features:,} a picture" if found.features else "none",
            "model": f"{found.model}{there}, {found.fingerprint[:12]}",
            "columns": ", ".join(f"{name} ({kind})" for name, kind in columns.items()) or "none",
            "roles": ", ".join(f"{role}: {name}" for role, name in found.roles.items()) or "none",
            "generation": f"{found.generation} of {found.published}",
            "segments": str(found.segments),
            "size": f"{found.bytes / 1e6:.1f} MB",
            "build": "complete" if found.unfinished is None else "interrupted: run it again",
        }
    )
    index = word(arguments.index)
    suggest(f"serve.py {index} --open, or index.py evaluate {index}")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Check every byte that counts."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        repaired = collection.index.verify()
        count = collection.index.info.count
    if arguments.json:
        emit({"items": count, "repaired": repaired})
    else:
        print_facts(
            {"items": f"{count:,}, all intact", "repaired": "\n".join(repaired) or "nothing"}
        )
        index = arguments.index
        copy = f"{index.name or index.folder}.jsonl"
        suggest(f"index.py export {word(index)} --to {word(copy)} is a copy")
    return 0

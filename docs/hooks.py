"""Pages that are made when the site is built: the tutorial is the notebook of `examples/`."""

import json
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

NOTEBOOK = Path(__file__).parents[1] / "examples" / "from_a_folder_to_results.ipynb"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the tutorial."""
    files.append(File.generated(config, "tutorial.md", content=as_markdown(NOTEBOOK)))
    return files


def as_markdown(notebook: Path) -> str:
    """Text as it is, code in fences."""
    parts = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    return "\n\n".join(parts) + "\n"

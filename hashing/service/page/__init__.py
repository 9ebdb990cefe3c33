"""The page: Gradio lays out and draws the plain controls, the files beside this one do the rest.

Every `gr.HTML` component is a file of markup; its script asks the HTTP API by `fetch`. Controls
reach it by events that run in the browser only, so no Gradio queue is ever used.
"""

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI

# Before the import: Gradio looks up two hosts on the network otherwise.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr

from hashing.collection.request import DIVERSITY
from hashing.recommend import CLOSENESS

FILES = Path(__file__).parent
STYLES = ("gradio", "base", "wall", "detail", "map")
HEAD = '<link rel="icon" href="data:,">' + "".join(
    f'<link rel="stylesheet" href="page/{name}.css">' for name in STYLES
)
SYSTEM = ("system-ui", "sans-serif")
MONOSPACE = ("ui-monospace", "monospace")


def mount_page(app: FastAPI) -> None:
    """Put the page at `/` of the application."""
    gr.mount_gradio_app(
        app,
        build_page(),
        path="/",
        theme=gr.themes.Base(font=SYSTEM, font_mono=MONOSPACE),
        head=HEAD,
        footer_links=[],
        run_history=False,
        show_error=False,
        mcp_server=False,
        ssr_mode=False,
    )


def build_page() -> gr.Blocks:
    """The layout, top to bottom, and what each control tells the script."""
    page: gr.Blocks
    with gr.Blocks(title="ArtHash", analytics_enabled=False) as page:
        _part("header")
        with gr.Row(elem_id="ask"):
            line = gr.Textbox(
                label="Search by words",
                placeholder="Search by words",
                show_label=False,
                container=False,
                elem_id="line",
                interactive=True,
            )
            _part("drop")
        _part("bar")
        with gr.Column(elem_id="refine-panel"):
            controls = _refine_controls()
            _part("facets")
            _part("clear")
        _part("taste")
        _part("map")
        bridge = _part("wall", script="boot.js")
        _part("detail")
        for name, control in controls.items():
            tell = f"value => window.arthash.refine({name!r}, value)"
            control.change(fn=None, inputs=control, js=tell)
        bridge.sync(
            fn=None, js="() => window.arthash.controls()", outputs=[line, *controls.values()]
        )
    return page


def _refine_controls() -> dict[str, Any]:
    """Controls by the name they have in the page's address, in `controls()`'s order.

    What there is to choose of the columns follows the collection and is `facets.js`'s.
    """
    words = [word for _, word in reversed(CLOSENESS)]
    with gr.Row():
        varied = gr.Slider(
            0,
            1,
            value=DIVERSITY,
            step=0.05,
            label="Similar \u2194 varied",
            buttons=[],
            elem_id="varied",
        )
        close = gr.Dropdown(["any", *words], value="any", label="How close", filterable=False)
        one = gr.Checkbox(label="One of each", visible=False)
    return {"varied": varied, "close": close, "one": one}


def _part(name: str, script: str | None = None) -> gr.HTML:
    return gr.HTML(
        html_template=(FILES / f"{name}.html").read_text(encoding="utf-8"),
        js_on_load=script and (FILES / script).read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id=f"{name}-part",
    )

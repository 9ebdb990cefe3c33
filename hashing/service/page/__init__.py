"""The page: our parts around Gradio's document, and Gradio for the controls under Refine.

Every part is a custom element in a file of `parts/`; all of them read one state (`store.js`) and
ask the HTTP API by `fetch`. Controls reach the page by events that run in the browser only, so no
Gradio queue is ever used.
"""

import os
from typing import Any

from fastapi import FastAPI

# Before the import: Gradio looks up two hosts on the network otherwise.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr

from hashing.collection.request import DIVERSITY
from hashing.metrics.closeness import LEVELS
from hashing.service.current import Current
from hashing.service.page.front import Front

SYSTEM = ("system-ui", "sans-serif")
MONOSPACE = ("ui-monospace", "monospace")
ATTACH = "window.arthash.attach(() => trigger('sync'));"
"""Runs when Gradio has put the last of its parts in place."""


def mount_page(app: FastAPI, current: Current, public: str = "") -> None:
    """Put the page at `/` of the application.

    public: the address that the world knows, where it is another than the server is asked by.
    """
    gr.mount_gradio_app(
        app,
        build_page(),
        path="/",
        theme=gr.themes.Base(font=SYSTEM, font_mono=MONOSPACE),
        footer_links=[],
        run_history=False,
        show_error=False,
        mcp_server=False,
        ssr_mode=False,
    )
    app.add_middleware(Front, current=current, public=public)


def build_page() -> gr.Blocks:
    """The controls, and what each tells the page and is told by it, by its name."""
    page: gr.Blocks
    with gr.Blocks(title="ArtHash", analytics_enabled=False) as page:
        controls = _controls()
        bridge = gr.HTML("", js_on_load=ATTACH, apply_default_css=False, elem_id="bridge")
        for name, control in controls.items():
            tell = f"value => window.arthash.refine({name!r}, value)"
            control.change(fn=None, inputs=control, js=tell)
            bridge.sync(fn=None, js=f"() => window.arthash.control({name!r})", outputs=control)
    return page


def _controls() -> dict[str, Any]:
    """Controls by the name they have in the page's address.

    What there is to choose of the columns follows the collection and is `facets.js`'s.
    """
    words = list(reversed(LEVELS))
    with gr.Row():
        varied = gr.Slider(0, 1, value=DIVERSITY, step=0.05, buttons=[], elem_id="varied")
        close = gr.Dropdown(["any", *words], value="any", filterable=False)
        one = gr.Checkbox(visible=False)
    return {"varied": varied, "close": close, "one": one}

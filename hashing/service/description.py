"""What the API can do: `/openapi.json`, and `/docs` by Swagger UI from an installed package."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from hashing.service.context import Newest
from hashing.service.narrowing import narrowed
from hashing.service.static import FreshFiles

FILES = "page/swagger"


def add_description(app: FastAPI) -> None:
    """Serve the page and its files; nothing is asked of another server.

    Addresses are relative, so it works below any path.
    """
    static = Path(str(files("fastapi_offline"))) / "static"
    app.mount(f"/{FILES}", FreshFiles(directory=static), name="swagger")

    @app.get("/openapi.json", include_in_schema=False)
    def description(art: Newest) -> dict[str, Any]:
        return narrowed(app.openapi(), art.info)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="ArtHash: HTTP API",
            swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{FILES}/swagger-ui.css",
            swagger_favicon_url="data:,",
            # Left to itself it would show the description to a validator of its makers.
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
        )

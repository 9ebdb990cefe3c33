"""The gallery behind the whole service."""

import asyncio

import pytest
from fastapi import FastAPI

from hashing.service.api import create_app
from hashing.service.searcher import Searcher
from tests.gallery import gallery, new_gallery, searcher

__all__ = ["gallery", "new_gallery", "page_app", "searcher"]


async def with_page(searcher: Searcher) -> FastAPI:
    """The service with its page; outside a running loop Gradio leaves loops open."""
    return create_app(searcher)


@pytest.fixture(scope="session")
def page_app(searcher: Searcher) -> FastAPI:
    return asyncio.run(with_page(searcher))

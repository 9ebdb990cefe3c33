"""The gallery behind the whole service."""

import asyncio

import pytest
from fastapi import FastAPI

from hashing.collection import Collection
from hashing.service.api import create_app
from hashing.service.current import Current
from tests.gallery import art, gallery, new_gallery
from tests.products import shop, shop_index

__all__ = ["art", "current", "gallery", "new_gallery", "page_app", "shop", "shop_app", "shop_index"]


async def with_page(current: Current) -> FastAPI:
    """The service with its page; outside a running loop Gradio leaves loops open."""
    return create_app(current)


@pytest.fixture(scope="session")
def current(art: Collection) -> Current:
    return Current(art)


@pytest.fixture(scope="session")
def page_app(current: Current) -> FastAPI:
    return asyncio.run(with_page(current))


@pytest.fixture(scope="session")
def shop_app(shop: Collection) -> FastAPI:
    return asyncio.run(with_page(Current(shop)))

"""A typed client of the HTTP API; needs httpx and pydantic (the extra `serve`)."""

from hashing.client.client import AsyncClient, Client
from hashing.client.errors import ServerError

__all__ = ["AsyncClient", "Client", "ServerError"]

"""What a server says instead of an answer."""

from typing import Self

import httpx

from hashing.errors import ArtHashError


class ServerError(ArtHashError):
    """A server's error, in its own words.

    status: of HTTP. code: what kind of error, such as `unknown_work`; empty where the answer is
    not the API's. request_id: what the server's log calls the request.
    """

    exit_code = 5

    def __init__(self, message: str, status: int, code: str, request_id: str) -> None:
        super().__init__(message)
        self.status, self.code, self.request_id = status, code, request_id

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """The error that a response is."""
        request_id = response.headers.get("x-request-id", "")
        try:
            error = response.json()["error"]
            return cls(str(error["message"]), response.status_code, str(error["code"]), request_id)
        except (ValueError, KeyError, TypeError):
            message = f"expected an answer of ArtHash, found {response.status_code} from a server"
            return cls(message, response.status_code, "", request_id)

"""A backend that reports over HTTP on one connection that it keeps."""

import http.client
import json
from typing import Any
from urllib.parse import quote

from tests.server import Server

BATCH = "/api/v1/generations/batch/"


class Reporter:
    """Raises OSError or HTTPException when the server is gone; the next request connects anew."""

    def __init__(self, server: Server, token: str) -> None:
        self._connection = server.connect()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """The status and what was answered."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> tuple[int, Any]:
        return self._ask("GET", path, None)

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()
            raise


def single(model_id: str) -> str:
    return f"/api/v1/models/{quote(model_id)}/generations/"

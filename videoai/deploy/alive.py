"""Does the server in this container live? `python -m videoai.deploy.alive` ends with 0 if it does."""

import http.client
import os
import sys

PATIENCE = 3  # seconds


def status(port: int, *, host: str) -> int:
    """What `/healthz/` answers. Raises OSError or HTTPException if it doesn't."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz/")
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> None:
    port = int(os.environ.get("PORT") or 8000)
    # By number: not every image knows names. Whoever listens everywhere listens there, too.
    host = "::1" if ":" in os.environ.get("HOST", "") else "127.0.0.1"
    try:
        answered = status(port, host=host)
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"Nobody answers on port {port}: {error or type(error).__name__}.")
    if answered != http.client.OK:
        sys.exit(f"/healthz/ on port {port} answers {answered}.")


if __name__ == "__main__":
    main()

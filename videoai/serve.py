"""The production server: `python -m videoai.serve`, and what `quickstart` ends in."""

import os
import re
import socket
import sys
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from videoai.cores import cores
from videoai.observing.server import FOLDER
from videoai.observing.sharing import make_folder

EDGE = "videoai.asgi:application"
DJANGO = "videoai.wsgi:application"
# The edge holds streams, which are connections that stay. The server's own bound is about a thousand.
MOST_CONNECTIONS = 16_384
# The server's own words, in the format of ours.
LOG_CONFIG = Path(__file__).with_name("observing") / "granian.json"
NUMBER = re.compile("[0-9]{1,6}")


def refuse_taken_port(host: str, port: int) -> None:
    """Raise OSError with a sentence for people, rather than let the server's workers fail one by one."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"{host}:{port}: {error.strerror}. Set HOST or PORT to another.") from error


def serve(host: str, port: int, *, workers: int, shutdown_seconds: int) -> None:
    """Become the server; this process never returns.

    Told to stop, it listens no more, and gives requests that are under way `shutdown_seconds` to be answered.
    """
    command = [sys.executable, "-m", "granian", "--host", host, "--port", str(port)]
    command += ["--workers", str(workers), "--respawn-failed-workers", "--log-level", "warning"]
    # HTTP/2 without encryption is spoken by nobody, and to be ready for it costs memory a connection.
    command += ["--http", "1"]
    # Ctrl-C reaches the workers twice, from the terminal and from their parent, and now and then leaves one
    # waiting for ever. So does a client of a stream that takes nothing any more.
    command += [
        "--workers-kill-timeout",
        str(shutdown_seconds),
        "--log-config",
        str(LOG_CONFIG),
        *(of_edge() if settings.EDGE else of_django()),
    ]
    share_metrics()
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own command line, no shell


def share_metrics() -> None:
    """Let the processes that are about to start tell each other their numbers."""
    folder = make_folder()
    if folder is None:
        print("No folder can be made in TMPDIR: metrics are of one process each.", file=sys.stderr)  # noqa: T201
    else:
        os.environ[FOLDER] = folder


def of_edge() -> list[str]:
    """The server's options for the edge, with Django in threads behind it."""
    return [
        "--interface",
        "asgi",
        "--no-ws",
        "--runtime-mode",
        "st",
        "--backpressure",
        str(MOST_CONNECTIONS),
        EDGE,
    ]


def of_django() -> list[str]:
    """The server's options for Django alone.

    One blocking thread a process: Python runs one at a time anyway, and more of them are slower.
    """
    return ["--interface", "wsgi", "--blocking-threads", "1", DJANGO]


def number(name: str, default: int, *, most: int) -> int:
    """A whole number from 1 to `most` from the environment. Exits with a sentence for people otherwise."""
    text = os.environ.get(name) or str(default)
    if not NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        sys.exit(f"{name}={text} is not a whole number from 1 to {most}.")
    return int(text)


def port() -> int:
    return number("PORT", 8000, most=65_535)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")
    try:
        # They read `.env`, too, and what is wrong with them is said once, not by every worker.
        _ = settings.SECRET_KEY
        host, number_of_port = os.environ.get("HOST") or "127.0.0.1", port()
        refuse_taken_port(host, number_of_port)
        serve(
            host,
            number_of_port,
            workers=number("WORKERS", cores(), most=1_000),
            shutdown_seconds=number("SHUTDOWN_SECONDS", 10, most=1_800),
        )
    except (OSError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

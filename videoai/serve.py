"""The production server: `python -m videoai.serve`, and what `quickstart` ends in."""

import os
import socket
import sys

TARGET = "videoai.wsgi:application"


def cores() -> int:
    """The cores that this process may use; containers often get fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def refuse_taken_port(host: str, port: int) -> None:
    """Raise OSError with a sentence for people, rather than let the server's workers fail one by one."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"{host}:{port} can't be served: {error.strerror}. Set PORT to another.") from error


def serve(host: str, port: int, *, workers: int) -> None:
    """Become the server; this process never returns.

    One blocking thread a process: Python runs one at a time anyway, and more of them are slower.
    """
    refuse_taken_port(host, port)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", "1", "--respawn-failed-workers"]
    # A worker that is interrupted while it starts may never end by itself; requests end long before.
    command += ["--workers-kill-timeout", "5", "--log-level", "warning", TARGET]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own command line, no shell


def number(name: str, default: int) -> int:
    """A positive whole number from the environment. Exits with a sentence for people otherwise."""
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        sys.exit(f"{name}={text} is not a positive whole number.")
    return int(text)


def main() -> None:
    host = os.environ.get("HOST") or "127.0.0.1"
    try:
        serve(host, number("PORT", 8000), workers=number("WORKERS", cores()))
    except OSError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

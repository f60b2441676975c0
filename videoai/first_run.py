"""What has to stand before the settings can be read at all."""

import os
import secrets
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"

HEADER = "# Settings of this machine, made on the first run; the README lists them all. Never commit it.\n"


def ensure_secret_key(env_file: Path = ENV_FILE) -> None:
    """Write a random SECRET_KEY into a new `.env` unless the environment or an existing file has settings.

    An existing file is its owner's: it is never touched.
    """
    if "SECRET_KEY" in os.environ:
        return
    try:
        descriptor = os.open(env_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{HEADER}SECRET_KEY={secrets.token_urlsafe(48)}\n")

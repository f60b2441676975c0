#!/usr/bin/env python
"""VideoAI's command line: `python manage.py help` lists the commands."""

import os
import sys

from django.core.management import execute_from_command_line

from videoai.first_run import ensure_secret_key


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videoai.settings")
    if sys.argv[1:2] == ["quickstart"]:
        # The settings refuse to load without a key, so it has to be there before any command is.
        ensure_secret_key()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

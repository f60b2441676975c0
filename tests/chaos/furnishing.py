"""A catalogue, tokens and two admins in the database at DATABASE_URL: `python -m tests.chaos.furnishing`.

Tells them as JSON.
"""

import json
import os
import secrets
import sys
from importlib import import_module

import django

import tests.environment  # noqa: F401 - sets what the settings insist on

MODELS = 6
ADMINS = ("ada", "grace")


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "videoai.settings"
    django.setup()
    json.dump(furnish(), sys.stdout)


def furnish() -> dict[str, object]:
    call_command = import_module("django.core.management").call_command
    factories = import_module("tests.factories")
    users = import_module("django.contrib.auth").get_user_model().objects
    call_command("migrate", verbosity=0)
    model_ids = [factories.AIModelFactory().model_id for _ in range(MODELS)]
    factories.standard_policy()
    passwords = {name: secrets.token_urlsafe(12) for name in ADMINS}
    for name, password in passwords.items():
        users.create_superuser(name, password=password)
    scopes = ("usage:write", "usage:read", "catalog:write")
    token = factories.service_token(*scopes, name="chaos").text
    return {"model_ids": model_ids, "token": token, "passwords": passwords}


if __name__ == "__main__":
    main()

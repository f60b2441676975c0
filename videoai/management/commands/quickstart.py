import os
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files import locks
from django.core.management import BaseCommand, CommandError, call_command

from pricing.models import PricingPolicy
from videoai.access.groups import plant_groups
from videoai.access.occasions import operator_at_work
from videoai.exchange.seed import seed
from videoai.management.operator_command import silence_in_words
from videoai.serve import port, refuse_taken_port, serve

LOCK_FILE = settings.BASE_DIR / "var" / "quickstart.lock"

# One thread a process (see `serve`), so a second process keeps the pages coming while one is busy.
WORKERS = 2
# Whoever presses Ctrl-C is waiting.
SHUTDOWN_SECONDS = 2


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second quickstart on this machine wait for the first: two can't migrate one database at once."""
    LOCK_FILE.parent.mkdir(exist_ok=True)
    with LOCK_FILE.open("w") as file:
        locks.lock(file, locks.LOCK_EX)
        yield


class Command(BaseCommand):
    help = (
        "From an empty folder to a running system: brings the database up to date, plants the default models "
        "in an empty one, creates the first admin and serves. Safe to run again: what stands is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, help="where to listen (default: PORT, or else 8000)")
        parser.add_argument("--no-serve", action="store_true", help="prepare everything, but don't serve")

    def execute(self, *args: Any, **options: Any) -> str | None:
        with silence_in_words():
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        host, number = options["host"], options["port"] or port()
        if not options["no_serve"]:
            self.check_port(host, number)
        with one_at_a_time():
            call_command("migrate", verbosity=0, interactive=False)
            self.stdout.write("Database: up to date.")
            self.plant_groups()
            self.plant()
            self.create_first_admin()
        if not options["no_serve"]:
            self.stdout.write("Serving; Ctrl-C stops it.")
        base = f"http://{host}:{number}"
        self.stdout.write(
            f"\n  ModelManager  {base}/admin/models/\n  API           {base}/api/v1/models/\n"
            f"  API docs      {base}/api/v1/docs/\n"
        )
        if not options["no_serve"]:
            serve(host, number, workers=WORKERS, shutdown_seconds=SHUTDOWN_SECONDS)

    def check_port(self, host: str, number: int) -> None:
        """Before anything is done, and before addresses are printed that nobody serves."""
        try:
            refuse_taken_port(host, number)
        except (OSError, OverflowError) as error:
            raise CommandError(str(error)) from error

    def plant(self) -> None:
        """Seed an empty catalogue. One that was seeded before stays as its admins left it."""
        if PricingPolicy.objects.exists():
            self.stdout.write("Catalogue: stands already, left alone.")
            return
        with operator_at_work("quickstart"):
            seed()
        self.stdout.write("Catalogue: planted the default models, quality tiers and pricing policy.")

    def plant_groups(self) -> None:
        planted = plant_groups()
        told = f"planted {', '.join(planted)}" if planted else "stand already, left alone"
        self.stdout.write(f"Groups: {told}.")

    def create_first_admin(self) -> None:
        users = get_user_model().objects
        first = users.filter(is_superuser=True).order_by("pk").first()
        if first is not None:
            again = f"{os.path.relpath(sys.executable)} manage.py changepassword {first.get_username()}"
            self.stdout.write(f"Admin: {first.get_username()}. Forgot the password? {again}")
            return
        name, password = f"owner-{secrets.token_hex(2)}", secrets.token_urlsafe(15)
        users.create_superuser(username=name, password=password)
        self.stdout.write(self.style.SUCCESS(f"Admin: sign in as  {name}  with  {password}"))
        self.stdout.write("       This is shown once; write it down.")

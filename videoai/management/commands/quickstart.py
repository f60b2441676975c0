import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django.db import transaction

from models_registry.models import CatalogueRevision
from pricing.models import PricingPolicy
from videoai.exchange.seed import seed
from videoai.serve import number, serve

# One thread a process (see `serve`), so a second process keeps the pages coming while one is busy.
WORKERS = 2


class Command(BaseCommand):
    help = (
        "From an empty folder to a running system: brings the database up to date, plants the default models "
        "in an empty one, creates the first admin and serves. Safe to run again: what stands is left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, help="where to listen (default: PORT, or else 8000)")
        parser.add_argument("--no-serve", action="store_true", help="prepare everything, but don't serve")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write("Database: up to date.")
        self.plant()
        self.create_first_admin()
        port = options["port"] or number("PORT", 8000)
        base = f"http://{options['host']}:{port}"
        self.stdout.write(
            f"\n  ModelManager  {base}/admin/models/\n  API           {base}/api/v1/models/\n"
            f"  API docs      {base}/api/v1/docs/\n"
        )
        if options["no_serve"]:
            return
        self.stdout.write("Serving; Ctrl-C stops it.")
        try:
            serve(options["host"], port, workers=WORKERS)
        except OSError as error:
            raise CommandError(str(error)) from error

    def plant(self) -> None:
        """Seed an empty catalogue. One that was seeded before stays as its admins left it."""
        if PricingPolicy.objects.exists():
            self.stdout.write("Catalogue: stands already, left alone.")
            return
        seed()
        self.stdout.write("Catalogue: planted the default models, quality tiers and pricing policy.")

    @transaction.atomic
    def create_first_admin(self) -> None:
        CatalogueRevision.objects.lock()  # two quickstarts at once make one admin
        users = get_user_model().objects
        first = users.filter(is_superuser=True).order_by("pk").first()
        if first is not None:
            again = f"python manage.py changepassword {first.get_username()}"
            self.stdout.write(f"Admin: {first.get_username()}. Forgot the password? {again}")
            return
        name, password = f"owner-{secrets.token_hex(2)}", secrets.token_urlsafe(15)
        users.create_superuser(username=name, password=password)
        self.stdout.write(self.style.SUCCESS(f"Admin: sign in as  {name}  with  {password}"))
        self.stdout.write("       This is shown once; write it down.")

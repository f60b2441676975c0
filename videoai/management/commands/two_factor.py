from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError

from videoai.access import two_factor
from videoai.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = (
        "Shows who has a second factor, and takes it off an account whose phone and recovery codes are lost."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
        steps.add_parser("status", help="list the staff, and who has set up a second factor")
        reset = steps.add_parser("reset", help="forget the second factor of a user, who sets up a new one")
        reset.add_argument("username", metavar="USERNAME")

    def run(self, options: dict[str, Any]) -> None:
        if options["step"] == "status":
            self.show_status()
        else:
            self.reset(options["username"])

    def show_status(self) -> None:
        for user in User.objects.filter(is_staff=True, is_active=True).order_by("username"):
            self.say(f"{user.username}: {self.state_of(user)}")

    def state_of(self, user: User) -> str:
        if not two_factor.is_enrolled(user):
            return "none"
        return f"set up, {two_factor.recovery_codes_left(user)} recovery codes left"

    def reset(self, username: str) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}. `two_factor status` lists the staff.")
        had_one = two_factor.reset(user)
        if not had_one:
            self.say(f"{username} has no second factor; nothing is changed.")
            return
        self.say(f"{username} has no second factor any more, and sets one up at the next sign-in.")

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError

from videoai.doctor.examination import Told, examine, is_healthy
from videoai.doctor.finding import Level
from videoai.management.operator_command import OperatorCommand


class Command(OperatorCommand):
    help = """Look at everything that a server needs here, and say what to do about what it lacks.

Looks at the settings, the database (does it answer, how fast, does it take writes, are migrations and
triggers all there, the clocks, connections), the catalogue (a default, prices, scheduled changes that failed)
and the ends of the audit trail, replicas, Redis, disks, open files, and the programs that a backup needs.
Nothing is changed.

  ✓ fine    ! works, and may not for long    ✗ wrong

The exit status is 1 if anything is wrong (with --strict, or only doubtful), else 0. What takes longer is left
to `verify_audit` and `verify_usage`.

examples:
  manage.py doctor
  manage.py doctor --json --strict"""

    needs_migrations = False
    requires_system_checks = []  # what they say is told beside the rest

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
        parser.add_argument("--strict", action="store_true", help="fail also over what is only doubtful")

    def run(self, options: dict[str, Any]) -> None:
        found: list[Told] = []
        for told in examine():
            found.append(told)
            if not options["json"]:
                self.tell(told)
        healthy = is_healthy(found, strict=options["strict"])
        if options["json"]:
            answer = {"healthy": healthy, "findings": [told.as_json() for told in found]}
            self.stdout.write(json.dumps(answer, indent=1))
        if not healthy:
            wrong = sum(told.finding.level is Level.WRONG for told in found)
            raise CommandError(f"Not healthy: {wrong} wrong, {doubtful(found)} doubtful.")
        if not options["json"]:
            self.say(f"Healthy: {len(found)} looked at, {doubtful(found)} doubtful.")

    def tell(self, told: Told) -> None:
        finding = told.finding
        self.say(f"{finding.level.mark} {told.subject}: {finding.told.rstrip('.?')}.")
        if finding.remedy and finding.level is not Level.FINE:
            self.say(f"    → {finding.remedy}")


def doubtful(found: list[Told]) -> int:
    return sum(told.finding.level is Level.DOUBTFUL for told in found)

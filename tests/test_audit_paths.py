"""Whichever way the catalogue is changed: an entry says from where, by whom and why."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from models_registry import services
from models_registry.audit.models import AuditEntry
from models_registry.audit.verifying import Verification
from models_registry.models import AIModel, QualityTier
from pricing.models import Rate
from tests.admin.pages import ADD, FILLED_IN, LIST, ModelList, ObjectForm, change_address, read_form
from tests.admin.test_actions import Deed
from tests.exchange.files import file_of
from tests.factories import AIModelFactory, rate, standard_policy

pytestmark = pytest.mark.django_db

WHY = "New price list"
TIERS, RATES = "/admin/models_registry/qualitytier/", "/admin/pricing/rate/"


@pytest.fixture
def model(db: None) -> AIModel:
    standard_policy()
    rate(AIModelFactory(model_id="a/first"), "high", "0.4")
    model: AIModel = AIModelFactory(model_id="a/b")
    services.revise(model, {"name": "Renamed"})
    return model


def change_form(client: Client, model: AIModel) -> None:
    ObjectForm(client, change_address(model)).save(name="New", change_reason=WHY)


def add_form(client: Client, model: AIModel) -> None:
    ObjectForm(client, ADD).save(**FILLED_IN, change_reason=WHY)


def inline_list(client: Client, model: AIModel) -> None:
    page = ModelList(client)
    page.edit(model, cost_per_second="0.5")
    page.values["change_reason"] = WHY
    page.save()


def action(name: str) -> Callable[[Client, AIModel], None]:
    def run(client: Client, model: AIModel) -> None:
        Deed(client, name, model).confirm(change_reason=WHY)

    return run


def restore_earlier_state(client: Client, model: AIModel) -> None:
    first = AuditEntry.objects.about("model", subject=model.model_id).earliest("number")
    address = f"{LIST}{model.pk}/history/{first.number}/restore/"
    sent = read_form(client.get(address).content.decode(), "restore_form")
    client.post(address, {**sent, "change_reason": WHY})


def tier_form(client: Client, model: AIModel) -> None:
    address = f"{TIERS}{QualityTier.objects.get(key='high').pk}/change/"
    ObjectForm(client, address, "qualitytier_form").save(label="New", change_reason=WHY)


def rate_form(client: Client, model: AIModel) -> None:
    address = f"{RATES}{Rate.objects.get().pk}/change/"
    ObjectForm(client, address, "rate_form").save(amount="0.7", change_reason=WHY)


def rate_deletion(client: Client, model: AIModel) -> None:
    client.post(f"{RATES}{Rate.objects.get().pk}/delete/", {"post": "yes", "change_reason": WHY})


def policy_form(client: Client, model: AIModel) -> None:
    address = "/admin/pricing/pricingpolicy/1/change/"
    ObjectForm(client, address, "pricingpolicy_form").save(profit_margin="2", change_reason=WHY)


PAGES: dict[str, tuple[Callable[[Client, AIModel], None], str, str]] = {
    "change form": (change_form, "model", "change"),
    "add form": (add_form, "model", "create"),
    "inline list": (inline_list, "model", "change"),
    "retire": (action("retire"), "model", "retire"),
    "make default": (action("make_default"), "model", "make_default"),
    "restore an earlier state": (restore_earlier_state, "model", "change"),
    "tier form": (tier_form, "quality_tier", "change"),
    "rate form": (rate_form, "rate", "change"),
    "rate deletion": (rate_deletion, "rate", "delete"),
    "policy form": (policy_form, "pricing_policy", "change"),
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_leaves_an_entry(admin_client: Client, admin: Any, model: AIModel, page: str) -> None:
    write, kind, did = PAGES[page]
    write(admin_client, model)
    entry = AuditEntry.objects.latest("number")
    assert (entry.kind, entry.action) == (kind, did)
    assert (entry.actor_kind, entry.actor_id, entry.actor) == ("user", str(admin.pk), "ada")
    assert (entry.source, entry.reason, entry.address) == ("admin", WHY, "127.0.0.1")
    assert len(entry.request_id) == 32
    assert list(Verification().findings()) == []


def import_models(folder: Path) -> None:
    path = folder / "models.json"
    path.write_bytes(file_of({"model_id": "a/first", "name": "Imported", "rates": {"high": "0.5"}}))
    call_command("import_models", str(path), reason="New file", verbosity=0)


COMMANDS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "import_models": (import_models, "New file", "rate"),
    "seed_models": (lambda folder: call_command("seed_models"), "", "model"),
    "quickstart": (lambda folder: call_command("quickstart", no_serve=True, port=8000), "", "model"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_leaves_entries(command: str, tmp_path: Path, capsys: Any) -> None:
    run, why, kind = COMMANDS[command]
    if command == "import_models":
        AIModelFactory(model_id="a/first")
    number = AuditEntry.objects.count()
    run(tmp_path)
    entries = AuditEntry.objects.filter(book="catalogue", number__gt=number)
    assert entries.latest("number").kind == kind
    assert {(e.source, e.actor_kind, e.actor, e.reason) for e in entries} == {
        (command, "command", getpass.getuser(), why)
    }
    assert list(Verification().findings()) == []


def test_python_leaves_an_entry_of_the_system(model: AIModel) -> None:
    services.revise(model, {"name": "New"})
    entry = AuditEntry.objects.latest("number")
    assert (entry.source, entry.actor) == ("python", "system")


def test_a_refused_form_leaves_none(admin_client: Client, model: AIModel) -> None:
    number = AuditEntry.objects.count()
    ObjectForm(admin_client, change_address(model)).save(name="", change_reason=WHY)
    assert AuditEntry.objects.count() == number

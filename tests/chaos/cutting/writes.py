"""Every way to write. Each is prepared once, uncut; what that gives sends it, again and again."""

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from models_registry import services, turning
from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel, QualityTier
from models_registry.values import rfc3339
from pricing.models import PricingPolicy, Rate, UpstreamModel
from pricing.quotes.services import hold
from pricing.schedule.deeds import Deed as Change
from pricing.schedule.models import Kind, ScheduledChange
from pricing.schedule.services import schedule
from pricing.upstream.models import HeldPrice
from tests.admin.pages import ADD, FILLED_IN, LIST, ModelList, ObjectForm, change_address, read_form
from tests.admin.test_actions import Deed
from tests.exchange.files import file_of
from tests.factories import AIModelFactory, bearer, rate, service_token, standard_policy, untraced
from tests.pricing.upstream.conftest import lay_tiers
from tests.pricing.upstream.lists import map_of, synced
from videoai.access.scopes import TOKEN_SCOPES

PASSWORD = "correct horse"
TOKENS = "/admin/access/servicetoken/"
NAME = "a/b"


class Answer(NamedTuple):
    is_good: bool
    is_unknown: bool = False  # it says that it may be written or not
    is_plain: bool = True  # 503 in its form, or a command's sentence
    text: str = ""


Send = Callable[[], Answer]
Write = Callable[["World"], Send]


class World:
    """A small catalogue, and clients of it."""

    def __init__(self) -> None:
        lay_tiers()
        standard_policy()
        AIModelFactory(model_id="a/first")
        rate(AIModelFactory(model_id=NAME), "high", "0.4")
        services.revise(self.model, {"name": "Renamed"})
        services.retire(AIModelFactory(model_id="a/gone"))
        User.objects.create_superuser("ada", password=PASSWORD)
        self.headers = bearer(service_token(*TOKEN_SCOPES).text)
        self.admin = Client(raise_request_exception=False)
        self.admin.force_login(User.objects.get())
        self._cookies = self.admin.cookies.copy()
        self.folder = Path(tempfile.gettempdir())

    @property
    def model(self) -> AIModel:
        return AIModel.objects.get(model_id=NAME)

    def post(self, address: str, sent: Any) -> Answer:
        """As a person who has just signed in."""
        self.admin.cookies = self._cookies.copy()  # type: ignore[assignment] # which may be taken away
        return answer(self.admin.post(address, sent))


# --- Over HTTP -------------------------------------------------------------------------------------------


def answer(response: Any) -> Answer:
    text = response.content.decode()
    is_good = response.status_code < 400 and "/login/" not in response.get("Location", "")
    is_problem = '"code":"' in text or "<main" in text
    return Answer(is_good, "may be saved or not" in text or '"outcome_unknown"' in text, is_problem, text)


def asked(method: str, path: str, body: Any = None) -> Write:
    def prepare(world: World) -> Send:
        return lambda: _ask(world, method, path, body)

    return prepare


def _ask(world: World, method: str, path: str, body: Any) -> Answer:
    client = Client(raise_request_exception=False)
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return answer(getattr(client, method)(f"/api/v1/{path}", headers=world.headers, **sent))


def new_model(**values: Any) -> dict[str, Any]:
    told = {
        "model_id": "a/new",
        "name": "New",
        "description": "",
        "cost_per_second": "0.2",
        "supported_durations": [5],
        "supported_qualities": ["high"],
        "provider": "Acme",
        "replicate_model_id": "acme/new",
    }
    return {**told, **values}


def generation(number: int = 1, **values: Any) -> dict[str, Any]:
    told = {"generation_id": f"g{number}", "generation_time": 2.5, "success": True, "quality": "high"}
    return {**told, "finished_at": rfc3339(turning.clock()), **values}


def recorded(world: World) -> Send:
    return asked("post", f"models/{NAME}/generations/", generation())(world)


def recorded_many(world: World) -> Send:
    many = [generation(number, model_id=NAME) for number in range(3)]
    return asked("post", "generations/batch/", {"generations": many})(world)


def redeemed(world: World) -> Send:
    held = hold(NAME, quality="high", duration=5)
    return asked("post", f"pricing/quotes/{held.pk}/redeem/", {"generation_id": "g9"})(world)


def _scheduled() -> ScheduledChange:
    moment = turning.clock() + timedelta(hours=1)
    deed = Change(Kind.PRICE, {"cost_per_second": "0.3"}, AIModel.objects.get(model_id=NAME))
    return schedule(deed, effective_from=moment, confirmed=True)


def scheduled(world: World) -> Send:
    moment = rfc3339(turning.clock() + timedelta(hours=1))
    body = {"change": "price", "model_id": NAME, "cost_per_second": "0.3", "effective_from": moment}
    return asked("post", "pricing/changes/", body)(world)


def cancelled(world: World) -> Send:
    return asked("delete", f"pricing/changes/{_scheduled().pk}/")(world)


def settled(world: World) -> Send:
    past = turning.clock() - timedelta(seconds=5)
    untraced(ScheduledChange).filter(pk=_scheduled().pk).update(effective_from=past)
    return asked("get", "models/")(world)


# --- In the admin ----------------------------------------------------------------------------------------


def form(address: Callable[[World], str], form_id: str, **values: Any) -> Write:
    """The form at an address, filled in and saved."""

    def prepare(world: World) -> Send:
        page = ObjectForm(world.admin, address(world), form_id)
        sent = {**page.values, **values, "_save": "Save"}
        sent = {name: value for name, value in sent.items() if value is not None}
        return lambda: world.post(page.address, sent)

    return prepare


def at(address: str, pk: Callable[[], Any] | None = None) -> Callable[[World], str]:
    return lambda world: address if pk is None else address.format(pk())


def change_form(world: World) -> Send:
    return form(lambda world: change_address(world.model), "aimodel_form", name="Changed")(world)


def inline_list(world: World) -> Send:
    page = ModelList(world.admin)
    for model_id in (NAME, "a/first"):
        page.edit(AIModel.objects.get(model_id=model_id), category="budget")
    return lambda: world.post(page.address, {**page.values, "_save": "Save"})


def deed(name: str, *model_ids: str, **values: Any) -> Write:
    def prepare(world: World) -> Send:
        page = Deed(world.admin, name, *(AIModel.objects.get(model_id=model_id) for model_id in model_ids))
        sent = {**page.values, **values, "confirmed": "yes"}
        return lambda: world.post(page.address, sent)

    return prepare


def earlier_state(world: World) -> Send:
    first = AuditEntry.objects.about("model", subject=NAME).earliest("number")
    address = f"{LIST}{world.model.pk}/history/{first.number}/restore/"
    sent = read_form(world.admin.get(address).content.decode(), "restore_form")
    return lambda: world.post(address, sent)


def rate_deletion(world: World) -> Send:
    address = f"/admin/pricing/rate/{Rate.objects.get().pk}/delete/"
    return lambda: world.post(address, {"post": "yes"})


def tier_deletion(world: World) -> Send:
    address = f"/admin/models_registry/qualitytier/{QualityTier.objects.get(key='2k').pk}/delete/"
    return lambda: world.post(address, {"post": "yes"})


def approval(world: World) -> Send:
    synced(map_of())
    synced(map_of(output_cost_per_second=0.5))
    address = f"/admin/pricing_upstream/heldprice/{HeldPrice.objects.get().pk}/change/"
    return lambda: world.post(address, {"deed": "approve"})


def following(world: World) -> Send:
    synced(map_of())
    listed = UpstreamModel.objects.get()
    services.revise(listed.model, {"cost_per_second": listed.model.cost_per_second * 2}, confirmed=True)
    address = f"/admin/pricing/upstreammodel/{listed.pk}/follow/"
    return lambda: world.post(address, {})


def token_page(path: Callable[[], str], **values: Any) -> Write:
    def prepare(world: World) -> Send:
        address = f"{TOKENS}{path()}"
        sent = {**read_form(world.admin.get(address).content.decode(), "deed_form"), **values}
        return lambda: world.post(address, sent)

    return prepare


def _other_token() -> int:
    return int(service_token("catalog:read", name="other").token.pk)


def signed_in(world: World) -> Send:
    typed = {"username": "ada", "password": PASSWORD, "next": "/admin/"}
    return lambda: answer(Client(raise_request_exception=False).post("/admin/login/", typed))


def password_of_user(world: World) -> Send:
    other = User.objects.create_user("bea", is_staff=True)
    typed = {"password1": "battery staple 9", "password2": "battery staple 9", "usable_password": "true"}
    return lambda: world.post(f"/admin/auth/user/{other.pk}/password/", typed)


def own_password(world: World) -> Send:
    typed = {
        "old_password": PASSWORD,
        "new_password1": "battery staple 9",
        "new_password2": "battery staple 9",
    }
    return lambda: world.post("/admin/password_change/", typed)


# --- On this machine -------------------------------------------------------------------------------------


def command(name: str, *arguments: str, **options: Any) -> Answer:
    try:
        call_command(name, *arguments, stdout=io.StringIO(), stderr=io.StringIO(), **options)
    except CommandError as error:
        text = str(error)
        return Answer(False, "may be written or not" in text, bool(text), text)
    return Answer(True)


def imported(world: World) -> Send:
    file = world.folder / "videoai_cut_models.json"
    rows = [new_model(rates={"high": "0.5"}), {"model_id": NAME, "name": "Imported"}]
    file.write_bytes(file_of(*rows))
    return lambda: command("import_models", str(file), verbosity=0)


def prices_synced(world: World) -> Send:
    file = world.folder / "videoai_cut_prices.json"
    file.write_bytes(map_of())
    return lambda: command("sync_prices", str(file), format="litellm")


WRITES: Mapping[str, Write] = {
    "API: create": asked("post", "models/", new_model()),
    "API: change": asked("patch", f"models/{NAME}/", {"name": "Changed", "cost_per_second": "0.2"}),
    "API: replace": asked("put", f"models/{NAME}/", new_model(model_id=NAME)),
    "API: retire": asked("delete", f"models/{NAME}/"),
    "API: make default": asked("post", f"models/{NAME}/default/", {}),
    "API: restore": asked("post", "models/a/gone/restore/", {}),
    "API: record": recorded,
    "API: record a batch": recorded_many,
    "API: hold a quote": asked(
        "post", "pricing/quotes/", {"model_id": NAME, "quality": "high", "duration": 5}
    ),
    "API: redeem a quote": redeemed,
    "API: schedule a change": scheduled,
    "API: cancel a change": cancelled,
    "API: read what is due": settled,
    "admin: change form": change_form,
    "admin: add form": form(at(ADD), "aimodel_form", **FILLED_IN),
    "admin: inline list": inline_list,
    "admin: retire": deed("retire", NAME),
    "admin: make default": deed("make_default", NAME),
    "admin: restore": deed("restore", "a/gone"),
    "admin: restore an earlier state": earlier_state,
    "admin: tier form": form(
        at("/admin/models_registry/qualitytier/{}/change/", lambda: QualityTier.objects.get(key="high").pk),
        "qualitytier_form",
        label="New",
    ),
    "admin: delete a tier": tier_deletion,
    "admin: rate form": form(
        at("/admin/pricing/rate/{}/change/", lambda: Rate.objects.get().pk), "rate_form", amount="0.5"
    ),
    "admin: delete a rate": rate_deletion,
    "admin: policy form": form(
        at("/admin/pricing/pricingpolicy/{}/change/", lambda: PricingPolicy.objects.get().pk),
        "pricingpolicy_form",
        profit_margin="1.4",
    ),
    "admin: approve a held price": approval,
    "admin: follow the list": following,
    "admin: make a token": token_page(
        lambda: "add/", name="billing", scopes=["catalog:read"], expires_in="90d"
    ),
    "admin: rotate a token": token_page(lambda: f"{_other_token()}/rotate/"),
    "admin: revoke a token": token_page(lambda: f"{_other_token()}/revoke/"),
    "admin: add a group": form(at("/admin/auth/group/add/"), "group_form", name="Reviewers"),
    "admin: group form": form(
        at("/admin/auth/group/{}/change/", lambda: Group.objects.create(name="Others").pk),
        "group_form",
        name="Renamed",
    ),
    "admin: user form": form(
        at("/admin/auth/user/{}/change/", lambda: User.objects.create_user("bea").pk),
        "user_form",
        first_name="Bea",
    ),
    "admin: a user's password": password_of_user,
    "admin: one's own password": own_password,
    "admin: sign in": signed_in,
    "command: import": imported,
    "command: sync prices": prices_synced,
    "command: seed": lambda world: lambda: command("seed_models"),
    "command: token": lambda world: lambda: command("token", "create", "billing", "--scope", "catalog:read"),
}

# Counted before the password is looked at, or stored by Django after the page is made: each for itself.
APART: Mapping[str, frozenset[str]] = {
    "admin: sign in": frozenset({"axes_accessattempt", "auth_user", "django_session"}),
    "admin: one's own password": frozenset({"django_session"}),
}
# Who is told that nothing came of these, and sends them again, changes nothing.
SAME_AGAIN = {"API: record", "API: record a batch", "API: read what is due", "command: seed"}
# They begin by reading, which nobody does again.
IMPATIENT = {name for name in WRITES if name.startswith("command")}

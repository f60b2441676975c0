"""With two-factor on, a password alone opens nothing; phone, recovery codes and an operator's reset do."""

import logging
import re
from base64 import b32decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from models_registry.audit.models import AuditEntry
from models_registry.models import AIModel
from tests.exchange.threads import at_once
from tests.factories import AIModelFactory, standard_policy
from tests.videoai.access.doors import events, new_user, sign_in

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
DOOR, RENEW = "/admin/two-factor/", "/admin/two-factor/renew/"
KEY = re.compile(r'<code class="key">([A-Z2-7 ]+)</code>')
RECOVERY = re.compile(r"<li><code>([a-z2-7 ]+)</code></li>")


class Clock:
    """Time as phone and server see it; every look at the phone is a new half minute."""

    def __init__(self, machine: Any) -> None:
        self.machine, self.now = machine, NOON
        machine.move_to(NOON, tick=False)

    def wait(self, seconds: int = 30) -> None:
        self.now += timedelta(seconds=seconds)
        self.machine.move_to(self.now, tick=False)

    def code(self, device: TOTPDevice) -> str:
        self.wait()
        return f"{totp(device.bin_key):06}"


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    settings.TWO_FACTOR = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def clock(time_machine: Any) -> Clock:
    return Clock(time_machine)


@pytest.fixture
def ada() -> User:
    return new_user("ada")


def app_of(user: User) -> TOTPDevice:
    return TOTPDevice.objects.get(user=user, confirmed=True)


def shown_app(client: Client, user: User) -> TOTPDevice:
    """The app that scanned what the enrollment page shows."""
    return TOTPDevice(user=user, key=key_in(client.get(DOOR).content.decode()))


def key_in(html: str) -> str:
    found = KEY.search(html)
    assert found
    return b32decode(found[1].replace(" ", "")).hex()


def enroll(client: Client, user: User, clock: Clock) -> list[str]:
    """Sign in for the first time; the recovery codes."""
    sign_in(client, user)
    page = client.post(DOOR, {"code": clock.code(shown_app(client, user)), "next": ""})
    return RECOVERY.findall(page.content.decode())


def send(client: Client, code: str, address: str = DOOR, **extra: Any) -> Any:
    return client.post(address, {"code": code, "next": ""}, **extra)


def is_in(client: Client) -> bool:
    return client.get("/admin/models/").status_code == 200


def admin_addresses(resolver: Any = None, prefix: str = "") -> list[str]:
    """Every address below /admin/, with a 1 for whatever stands in it."""
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        address = prefix + re.sub(r"<[^>]+>|\(\?P<.*\)", "1", str(entry.pattern)).strip("^$")
        if isinstance(entry, URLResolver):
            found += admin_addresses(entry, address)
        elif isinstance(entry, URLPattern) and address.startswith("admin/"):
            found.append(f"/{address}")
    return found


class TestHalfSignedIn:
    """The password is given, the second factor is not."""

    @pytest.fixture
    def half(self, client, ada, clock):
        enroll(Client(), ada, clock)
        sign_in(client)
        return client

    def test_no_page_of_the_admin_opens(self, half):
        addresses = set(admin_addresses()) - {"/admin/login/", "/admin/logout/", DOOR}
        assert len(addresses) > 20
        for address in addresses:
            for response in (half.get(address), half.post(address)):
                assert response.status_code == 302, address
                assert response["Location"].startswith("/admin/login/"), address

    def test_the_api_knows_no_rights(self, half):
        standard_policy()
        AIModelFactory(model_id="a/draft", is_active=False)
        AIModelFactory(model_id="a/active")

        assert half.get("/api/v1/pricing/policy/").status_code == 403
        assert half.get("/api/v1/models/a/draft/").status_code == 404
        assert half.get("/api/v1/models/?status=draft").status_code == 403
        assert half.get("/api/v1/models/a/active/").status_code == 200

    def test_the_api_lets_nothing_be_written(self, half):
        AIModelFactory(model_id="a/b", name="Before")
        for method in ("patch", "put", "delete"):
            getattr(half, method)("/api/v1/models/a/b/", {"name": "After"}, content_type="application/json")
        half.post("/api/v1/models/", {}, content_type="application/json")

        assert AIModel.objects.get().name == "Before"
        assert AIModel.objects.get().is_active

    def test_the_code_opens_everything(self, half, ada, clock):
        response = half.post(DOOR, {"code": clock.code(app_of(ada)), "next": "/admin/pricing/rate/"})

        assert response["Location"] == "/admin/pricing/rate/"
        assert is_in(half)
        assert half.get("/api/v1/pricing/policy/").status_code != 403

    def test_the_way_leads_over_the_door_to_where_one_was_going(self, half):
        first = half.get("/admin/pricing/rate/")
        second = half.get(first["Location"])

        assert second["Location"] == f"{DOOR}?next=/admin/pricing/rate/"
        assert b'value="/admin/pricing/rate/"' in half.get(second["Location"]).content

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_it_leads_nowhere_else(self, half, ada, clock, elsewhere):
        response = half.post(DOOR, {"code": clock.code(app_of(ada)), "next": elsewhere})

        assert response["Location"] == "/admin/"

    def test_one_can_leave_and_sign_in_as_somebody_else(self, half):
        half.post("/admin/logout/")

        assert half.get(DOOR)["Location"].startswith("/admin/login/")

    def test_the_session_gets_a_new_id_when_it_gets_its_rights(self, half, ada, clock):
        before = half.cookies["sessionid"].value
        send(half, clock.code(app_of(ada)))

        assert half.cookies["sessionid"].value != before


class TestCodes:
    @pytest.fixture
    def recovery(self, ada, clock):
        return enroll(Client(), ada, clock)

    @pytest.fixture
    def half(self, client, recovery):
        sign_in(client)
        return client

    @pytest.mark.parametrize(
        "code", ["", "000000", "12345", "abc", "١٢٣٤٥٦", "9" * 40, "\0", "𝟏𝟐𝟑𝟒𝟓𝟔", "1e5000"]
    )
    def test_a_wrong_one_is_refused(self, half, code):
        assert send(half, code).status_code == 200
        assert not is_in(half)

    def test_blanks_between_the_digits_do_no_harm(self, half, ada, clock):
        code = clock.code(app_of(ada))
        send(half, f" {code[:3]} {code[3:]} ")

        assert is_in(half)

    def test_one_that_was_used_is_refused(self, half, ada, clock):
        code = clock.code(app_of(ada))
        send(half, code)
        other = Client()
        sign_in(other)

        assert b"was used before" in send(other, code).content
        assert not is_in(other)

    def test_somebody_elses_is_refused(self, half, clock):
        eve = new_user("eve")
        theirs = enroll(Client(), eve, clock)
        for code in (clock.code(app_of(eve)), theirs[0]):
            send(half, code)
            clock.wait(60)

        assert not is_in(half)

    def test_a_recovery_code_works_once_however_it_is_typed(self, half, recovery, clock):
        response = send(half, recovery[3].upper().replace(" ", "-"))

        assert response.status_code == 302
        assert b"9 are left" in half.get("/admin/").content
        other = Client()
        sign_in(other)
        send(other, recovery[3])
        assert not is_in(other)
        clock.wait(60)
        send(other, recovery[4])
        assert is_in(other)

    def test_ten_different_ones_are_shown_and_only_digests_stored(self, recovery):
        stored = set(StaticToken.objects.values_list("token", flat=True))

        assert len(recovery) == len(set(recovery)) == len(stored) == 10
        assert not stored & {code.replace(" ", "") for code in recovery}

    def test_who_guesses_has_to_wait_longer_each_time(self, half, ada, clock):
        send(half, "000000")
        send(half, "000001")  # too soon: it is not even looked at
        response = send(half, f"{totp(app_of(ada).bin_key):06}")

        assert b"too soon" in response.content
        assert not is_in(half)

    def test_five_wrong_ones_lock_like_wrong_passwords(self, half, ada, clock):
        for _ in range(4):
            assert send(half, "000000").status_code == 200
            clock.wait(60)
        assert send(half, "000000").status_code == 429
        clock.wait(60)

        response = send(half, clock.code(app_of(ada)))

        assert response.status_code == 429
        assert int(response["Retry-After"]) < 15 * 60
        assert not is_in(half)
        assert sign_in(Client()).status_code == 429

    def test_giving_the_password_again_brings_no_new_tries(self, ada, recovery, clock):
        statuses = []
        for _ in range(6):
            client = Client()
            sign_in(client)
            statuses.append(send(client, "000000").status_code)
            clock.wait(60)

        assert statuses[4:] == [429, 302]  # and then not even the password is taken

    def test_it_is_written_down_without_the_code(self, half, ada, clock):
        send(half, "123321")
        clock.wait(60)
        code = clock.code(app_of(ada))
        send(half, code)

        assert events()[-3:] == [
            ("ada", "password_accepted", "ada"),
            ("ada", "second_factor_refused", "ada"),
            ("ada", "signed_in", "ada"),
        ]
        assert AuditEntry.objects.latest("number").facts == '{"second_factor":"app"}'
        told = str(list(AuditEntry.objects.values_list()))
        assert "123321" not in told
        assert code not in told


class TestEnrolling:
    def test_who_has_no_second_factor_is_led_to_one(self, client, ada):
        page = client.get(sign_in(client)["Location"], follow=True)

        html = page.content.decode()
        assert page.redirect_chain[-1][0].startswith(DOOR)
        assert "<svg" in html
        assert "data:" not in html
        assert KEY.search(html)
        assert "no-store" in page["Cache-Control"]
        assert not is_in(client)

    def test_the_first_code_ends_it_and_shows_the_recovery_codes_once(self, client, ada, clock):
        sign_in(client)
        page = send(client, clock.code(shown_app(client, ada)))

        assert len(RECOVERY.findall(page.content.decode())) == 10
        assert "no-store" in page["Cache-Control"]
        assert is_in(client)
        again = client.get(DOOR).content.decode()
        assert not RECOVERY.findall(again)
        assert not KEY.search(again)
        assert [action for _, action, _ in events()] == [
            "password_accepted",
            "two_factor_enrolled",
            "signed_in",
        ]

    def test_a_wrong_first_code_stores_nothing_and_keeps_the_key(self, client, ada, clock):
        sign_in(client)
        before = shown_app(client, ada).key
        page = send(client, "000000")

        assert b"not valid" in page.content
        assert shown_app(client, ada).key == before
        assert not TOTPDevice.objects.exists()
        assert not is_in(client)

    def test_every_session_is_shown_a_key_of_its_own(self, ada, clock):
        """Whoever stole the password and looked earlier knows nothing of the key that is taken."""
        thief, client = Client(), Client()
        sign_in(thief)
        sign_in(client)
        stolen = shown_app(thief, ada)
        send(client, clock.code(shown_app(client, ada)))

        send(thief, clock.code(stolen))

        assert not is_in(thief)
        assert app_of(ada).key != stolen.key

    def test_customers_have_no_business_there(self, client):
        client.force_login(new_user("customer", is_staff=False, is_superuser=False))

        for address in (DOOR, RENEW):
            assert client.get(address)["Location"].startswith("/admin/login/")

    def test_neither_key_nor_codes_get_into_log_or_trail(self, client, ada, clock, caplog):
        caplog.set_level(logging.DEBUG)
        codes = enroll(client, ada, clock)

        told = caplog.text + str(list(AuditEntry.objects.values_list()))
        assert app_of(ada).key not in told
        assert not [code for code in codes if code in told or code.replace(" ", "") in told]

    def test_nobody_sees_devices_in_the_admin(self, client, ada, clock):
        enroll(client, ada, clock)

        for address in ("otp_totp/totpdevice/", "otp_static/staticdevice/", "axes/accessattempt/"):
            assert client.get(f"/admin/{address}").status_code == 404


class TestRenewing:
    @pytest.fixture
    def old_codes(self, client, ada, clock):
        return enroll(client, ada, clock)

    def test_it_takes_the_current_second_factor_first(self, client, ada, old_codes, clock):
        assert not KEY.search(client.get(RENEW).content.decode())
        send(client, "000000", RENEW)
        assert not KEY.search(client.get(RENEW).content.decode())
        clock.wait(60)

        send(client, clock.code(app_of(ada)), RENEW)

        assert KEY.search(client.get(RENEW).content.decode())

    def test_old_app_and_codes_count_until_the_new_app_is_confirmed(self, client, ada, old_codes, clock):
        old = app_of(ada)
        send(client, old_codes[0], RENEW)
        key = key_in(client.get(RENEW).content.decode())
        assert app_of(ada) == old
        page = send(client, clock.code(TOTPDevice(user=ada, key=key)), RENEW)

        new_codes = RECOVERY.findall(page.content.decode())
        assert app_of(ada).key == key
        assert StaticToken.objects.count() == len(new_codes) == 10
        assert not set(new_codes) & set(old_codes)
        assert is_in(client)
        assert not KEY.search(client.get(RENEW).content.decode())  # the proof is used up

    def test_a_proof_lasts_ten_minutes(self, client, ada, old_codes, clock):
        send(client, clock.code(app_of(ada)), RENEW)
        clock.wait(601)

        assert not KEY.search(client.get(RENEW).content.decode())

    def test_other_sessions_show_the_new_factor_before_they_go_on(self, client, ada, old_codes, clock):
        elsewhere = Client()
        sign_in(elsewhere)
        send(elsewhere, clock.code(app_of(ada)))
        assert is_in(elsewhere)
        call_command("two_factor", "reset", "ada", verbosity=0)

        assert not is_in(elsewhere)
        assert not is_in(client)


class TestOperators:
    def test_reset_lets_a_user_enroll_anew(self, client, ada, clock, capsys):
        enroll(Client(), ada, clock)

        call_command("two_factor", "reset", "ada")

        assert "sets one up at the next sign-in" in capsys.readouterr().out
        assert not TOTPDevice.objects.exists()
        assert not StaticToken.objects.exists()
        entry = AuditEntry.objects.latest("number")
        assert (entry.action, entry.subject, entry.actor_kind) == ("two_factor_reset", "ada", "command")
        assert len(enroll(client, ada, clock)) == 10

    def test_resetting_nothing_says_so_and_records_nothing(self, ada, capsys):
        call_command("two_factor", "reset", "ada")

        assert "nothing is changed" in capsys.readouterr().out
        assert events() == []

    def test_an_unknown_name_is_an_error(self):
        with pytest.raises(CommandError, match="no user 'nobody'"):
            call_command("two_factor", "reset", "nobody")

    def test_status_lists_the_staff(self, ada, clock, capsys):
        new_user("eve")
        new_user("customer", is_staff=False, is_superuser=False)
        enroll(Client(), ada, clock)

        call_command("two_factor", "status")

        assert capsys.readouterr().out == "ada: set up, 10 recovery codes left\neve: none\n"


class TestSwitchedOff:
    def test_signing_in_is_plain_again(self, client, ada, clock, settings):
        enroll(Client(), ada, clock)
        settings.TWO_FACTOR = False

        assert sign_in(client)["Location"] == "/admin/"
        assert is_in(client)
        assert events()[-1] == ("ada", "signed_in", "ada")
        assert client.get(DOOR).status_code == 404
        assert client.get(RENEW).status_code == 404
        assert b"Second factor" not in client.get("/admin/").content

    def test_staff_sessions_have_their_rights_in_the_api(self, client, viewer, settings):
        settings.TWO_FACTOR = False
        client.force_login(viewer)
        standard_policy()

        assert client.get("/api/v1/pricing/policy/").status_code == 200


def test_view_only_staff_pass_the_same_door(client, clock):
    viewer = new_user("viewer", is_superuser=False)
    viewer.user_permissions.add(Permission.objects.get(codename="view_aimodel"))
    enroll(client, viewer, clock)
    standard_policy()

    assert is_in(client)
    assert client.get("/api/v1/pricing/policy/").status_code == 200


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_eight_with_one_recovery_code_one_gets_in(ada, clock):
    code = enroll(Client(), ada, clock)[0]
    clients = [Client() for _ in range(8)]
    for client in clients:
        sign_in(client)
    waiting = iter(clients)

    at_once(lambda: send(next(waiting), code), threads=8)

    assert [is_in(client) for client in clients].count(True) == 1
    assert StaticToken.objects.count() == 9

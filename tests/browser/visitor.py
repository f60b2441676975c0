"""Somebody with a browser, who remembers what it complained of."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Locator, Page, expect

MOST_PRESSES = 150
PASSWORD = "correct horse battery"


class Visitor:
    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: Any) -> None:
        # A page of an error is no error of a page.
        if said.type in {"error", "warning"} and "Failed to load resource" not in said.text:
            self.complaints.append(f"{self.page.url}: {said.text}")

    def open(self, address: str) -> Any:
        return self.page.goto(f"{self.base}{address}")

    def type_password(self, name: str = "ada", password: str = PASSWORD) -> None:
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def sign_in(self) -> User:
        """As a new superuser, who typed the password before: two pages less than through the form."""
        user = User.objects.create_superuser("ada", password=PASSWORD)
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        self.page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.base}])
        return user

    def sign_in_by_form(self) -> User:
        """As a new superuser; it ends on the overview."""
        user = User.objects.create_superuser("ada", password=PASSWORD)
        self.open("/admin/")
        self.type_password()
        expect(self.page.get_by_role("heading", name="Overview")).to_be_visible()
        return user

    def press_until(self, key: str, control: Locator) -> None:
        """`key`, which is Tab or Shift+Tab, until `control` has the focus."""
        for _ in range(MOST_PRESSES):
            self.page.keyboard.press(key)
            if control.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"{MOST_PRESSES} times {key} did not reach {control}")

    def ask(self, deed: str) -> None:
        """Open the page between choosing `deed` for an active model of the list and doing it."""
        self.open("/admin/models/?status=active")
        self.page.locator("#result_list .action-select").first.check()
        self.page.locator("select[name=action]").select_option(deed)
        self.page.locator(".actions button").click()
        expect(self.page.locator("#deed-form")).to_be_visible()
        self.page.wait_for_load_state()  # with its styles

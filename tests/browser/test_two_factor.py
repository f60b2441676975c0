"""Signing in with a phone, as people do it; under the strict policy, and on a small screen."""

import re
from typing import Any

import pytest
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from tests.browser.visitor import PASSWORD, Visitor
from tests.videoai.access.doors import new_user
from tests.videoai.access.test_two_factor import key_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visitor(page: Page, live_server: Any, settings: Any) -> Visitor:
    settings.TWO_FACTOR = True
    page.set_viewport_size({"width": 390, "height": 844})
    return Visitor(page, live_server.url)


def type_code(page: Page, code: str) -> None:
    page.get_by_role("textbox").fill(code)
    page.get_by_role("button", name=re.compile("Continue|Confirm")).click()


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_setting_it_up_and_coming_back_with_a_recovery_code(visitor: Visitor) -> None:
    new_user("ada", password=PASSWORD)
    page = visitor.page
    visitor.open("/admin/models/")
    visitor.type_password()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert_fits(page)
    type_code(page, f"{totp(TOTPDevice(key=key_in(page.content())).bin_key):06}")

    expect(page.get_by_text("They are shown this once")).to_be_visible()
    assert_fits(page)
    code = page.locator(".recovery-codes li").first.inner_text()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="ModelManager")).to_be_visible()
    page.get_by_role("button", name="Log out").click()

    visitor.open("/admin/models/")
    visitor.type_password()
    assert_fits(page)
    type_code(page, "000000")
    expect(page.get_by_text("This code is not valid")).to_be_visible()
    type_code(page, code)
    expect(page.get_by_text("9 are left")).to_be_visible()
    visitor.open("/admin/two-factor/")
    assert_fits(page)
    assert visitor.complaints == []


def test_too_many_tries_lead_to_a_page_that_says_so(visitor: Visitor) -> None:
    visitor.open("/admin/")
    for _ in range(5):
        visitor.type_password(password="wrong")
    expect(visitor.page.get_by_role("heading", name="Too many tries")).to_be_visible()
    expect(visitor.page.get_by_text("for the next 15 minutes")).to_be_visible()
    assert_fits(visitor.page)
    assert visitor.complaints == []

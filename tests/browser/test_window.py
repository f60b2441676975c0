"""One window serves all tests; each has to find it as if nobody had been there."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import new_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REMEMBER = (
    "localStorage.setItem('was', 'here'); sessionStorage.setItem('was', 'here'); document.cookie = 'was=here'"
)
REMEMBERED = "[localStorage.getItem('was'), sessionStorage.getItem('was'), document.cookie.includes('was')]"


def test_a_window_remembers_nothing(window: BrowserContext, live_server: Any) -> None:
    address = f"{live_server.url}/admin/login/"
    with new_page(window) as page:
        page.goto(address)
        page.evaluate(REMEMBER)
        assert page.evaluate(REMEMBERED) == ["here", "here", True]
        assert window.cookies()
    assert window.cookies() == []
    with new_page(window) as page:
        page.goto(address)
        assert page.evaluate(REMEMBERED) == [None, None, False]
        assert (
            page.evaluate("performance.getEntriesByType('resource')[0].transferSize") > 0
        )  # out of no cache

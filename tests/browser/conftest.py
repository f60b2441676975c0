"""The browser tests drive the system's own Chromium; without one they are left out, and loudly."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.visitor import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
LEFT_OUT = f"NO BROWSER: the browser tests are LEFT OUT; there is none of {', '.join(NAMES)}."


def pytest_report_header() -> str:
    return f"browser tests: {CHROMIUM}" if CHROMIUM else LEFT_OUT


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if CHROMIUM or REQUIRED:
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not CHROMIUM and not REQUIRED:
        terminalreporter.write_line(
            f"{LEFT_OUT} REQUIRE_BROWSER=1 makes them fail instead.", red=True, bold=True
        )


@pytest.fixture(scope="session")
def base_url() -> None:
    """In place of the plugin's own, which the newest pytest warns of; tests name the live server."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.fail(f"REQUIRE_BROWSER=1, but there is none of {', '.join(NAMES)}")
    # Without a sandbox, because containers rarely allow one; the pages are our own.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests, held open by an empty page: a window of its own costs each of them half a second."""
    context = browser.new_context()
    context.new_page()
    yield context
    context.close()


@contextmanager
def new_page(window: BrowserContext) -> Iterator[Page]:
    """In a window that remembers nothing afterwards: no cookies, no storage, no answers."""
    page = window.new_page()
    yield page
    devtools = window.new_cdp_session(page)
    if (origin := page.evaluate("location.origin")) != "null":
        devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    devtools.send("Network.clearBrowserCache")
    window.clear_cookies()
    page.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    with new_page(window) as page:
        yield page


@pytest.fixture
def visitor(page: Page, live_server: Any) -> Iterator[Visitor]:
    """An admin who has signed in; what a page complains of fails the test."""
    visitor = Visitor(page, live_server.url)
    visitor.sign_in()
    yield visitor
    assert visitor.complaints == []

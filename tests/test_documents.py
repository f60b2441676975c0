"""What the README and the pages beside it lead to is there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = [ROOT / "README.md", *sorted((ROOT / "videoai" / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
SETTING = re.compile(r"`([A-Z][A-Z_]+)`")


def headings(page: Path) -> set[str]:
    """As their links are written: `When things break` is `when-things-break`."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, heading in LINK.findall(document.read_text()):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert not heading or heading in headings(target), f"{path}#{heading}"


def test_every_picture_is_shown() -> None:
    shown = {Path(path).name for page in PAGES for path, _ in LINK.findall(page.read_text())}
    assert {picture.name for picture in (ROOT / "videoai" / "docs").glob("*.png")} <= shown


def test_every_variable_that_the_settings_read_is_described() -> None:
    table = PAGES[0].read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    source = (ROOT / "videoai" / "settings.py").read_text()
    read = re.findall(r'\b[a-z_.]+\(\s*"([A-Z]+(?:_[A-Z]+)*)"', source)
    assert read
    assert set(read) <= set(SETTING.findall(table))

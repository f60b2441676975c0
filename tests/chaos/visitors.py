"""Who asks what: each visitor yields a request, is given the answer, and yields the next one."""

import http.cookies
import json
from collections.abc import Callable, Generator, Mapping
from itertools import count
from typing import NamedTuple
from urllib.parse import urlencode

from tests.chaos.answers import Answer, Request
from tests.chaos.stage import Furnished
from tests.chaos.writes import CHANGES, GENERATIONS, QUOTES, Write
from tests.client import BATCH, single

Visit = Generator[Request, Answer, None]

API = "/api/v1"
SIGN_IN = "/admin/login/"
ITEMS_A_BATCH = 20
# Names that no two loads share, though each counts from one.
_numbers = count(1)


class Visitor(NamedTuple):
    visit: Callable[[Furnished], Visit]
    pause: float  # seconds between an answer and the next request
    writes: bool = False


def _bearer(furnished: Furnished) -> dict[str, str]:
    return {"Authorization": f"Bearer {furnished.token}", "Content-Type": "application/json"}


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values).encode()


def reads_of_the_edge(furnished: Furnished) -> Visit:
    targets = ["/models/", "/models/default/", "/pricing/matrix/"]
    targets += [f"/models/{model_id}/" for model_id in furnished.model_ids]
    quote = "/pricing/quote/?duration=5&quality=standard&model_id="
    targets += [f"{quote}{model_id}" for model_id in furnished.model_ids]
    while True:
        for target in targets:
            yield Request("read of the edge", "GET", API + target)


def reads_of_django(furnished: Furnished) -> Visit:
    first = furnished.model_ids[0]
    targets = ["/usage/summary/?by=model", f"/models/{first}/stats/", f"/models/{first}/history/?page_size=5"]
    while True:
        for target in targets:
            yield Request("read of Django", "GET", API + target, _bearer(furnished))


def listeners(furnished: Furnished) -> Visit:
    while True:
        yield Request("stream", "GET", f"{API}/events/", {"Accept": "text/event-stream"}, is_stream=True)


def singles(furnished: Furnished) -> Visit:
    for number in _numbers:
        name, target = f"chaos-{number}", single(_one_of(furnished, number))
        body = _json({"generation_id": name, **_report(number)})
        write = Write(GENERATIONS, (name,))
        yield Request("recording", "POST", target, _bearer(furnished), body, fine=(201,), write=write)


def batches(furnished: Furnished) -> Visit:
    for number in _numbers:
        names = tuple(f"chaos-{number}-{place}" for place in range(ITEMS_A_BATCH))
        items = [
            {"generation_id": name, "model_id": _one_of(furnished, number + place), **_report(number)}
            for place, name in enumerate(names)
        ]
        body, write = _json({"generations": items}), Write(GENERATIONS, names)
        yield Request("batch", "POST", BATCH, _bearer(furnished), body, write=write)


def changes(furnished: Furnished) -> Visit:
    for number in _numbers:
        reason, target = f"chaos-{number}", f"{API}/models/{_one_of(furnished, number)}/"
        headers = {**_bearer(furnished), "X-Change-Reason": reason}
        body = _json({"description": f"As of {reason}.", "cost_per_second": f"0.18{number % 100:02}"})
        yield Request("change", "PATCH", target, headers, body, write=Write(CHANGES, (reason,)))


def moves_of_the_default(furnished: Furnished) -> Visit:
    for number in _numbers:
        target = f"{API}/models/{_one_of(furnished, number)}/default/"
        yield Request("default", "POST", target, _bearer(furnished))


def quotes(furnished: Furnished) -> Visit:
    for number in _numbers:
        body = _json({"model_id": _one_of(furnished, number), "quality": "high", "duration": 5})
        headers, write = {"Content-Type": "application/json"}, Write(QUOTES)
        yield Request("quote", "POST", f"{API}/pricing/quotes/", headers, body, fine=(201,), write=write)


def admins(furnished: Furnished) -> Visit:
    """Sign in, look at some pages, and do so again."""
    while True:
        cookies = yield from signing_in("ada", furnished.passwords["ada"])
        for target in ("/admin/", "/admin/models/", "/admin/usage/") * 3 if cookies else ():
            yield Request("admin page", "GET", target, {"Cookie": cookies})


def signing_in(
    name: str, password: str, *, fine: tuple[int, ...] = (302,)
) -> Generator[Request, Answer, str | None]:
    """The cookies of the session; None if it was not let in."""
    page = yield Request("form to sign in", "GET", SIGN_IN)
    csrf = _cookies(page).get("csrftoken")
    if page.status != 200 or csrf is None:
        return None
    form = {"username": name, "password": password, "csrfmiddlewaretoken": csrf, "next": "/admin/"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={csrf}"}
    answer = yield Request("sign-in", "POST", SIGN_IN, headers, urlencode(form).encode(), fine=fine)
    session = _cookies(answer).get("sessionid")
    return None if session is None else f"sessionid={session}"


def _cookies(answer: Answer) -> dict[str, str]:
    found: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie", []):
        found.load(line)
    return {name: morsel.value for name, morsel in found.items()}


def _one_of(furnished: Furnished, number: int) -> str:
    return furnished.model_ids[number % len(furnished.model_ids)]


def _report(number: int) -> dict[str, object]:
    success = number % 7 > 0
    said = {} if success else {"error_code": "provider_timeout"}
    return {"generation_time": 30 + number % 60, "success": success, "duration": 5, "quality": "high", **said}


READERS = (
    Visitor(reads_of_the_edge, 0.005),
    Visitor(reads_of_the_edge, 0.02),
    Visitor(reads_of_django, 0.05),
    Visitor(listeners, 0.2),
)
WRITERS = (
    Visitor(singles, 0.01, writes=True),
    Visitor(singles, 0.02, writes=True),
    Visitor(batches, 0.1, writes=True),
    Visitor(changes, 0.1, writes=True),
    Visitor(moves_of_the_default, 0.3, writes=True),
    Visitor(quotes, 0.1, writes=True),
)
PEOPLE = (Visitor(admins, 0.1),)
EVERYBODY = (*READERS, *WRITERS, *PEOPLE)

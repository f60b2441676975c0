"""Strong ETags of the content, 304s, gzip, and no caching without asking first."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from models_registry.api.tags import entity_tag, packed_tag
from videoai.api.packing import CODING, accepts_gzip, is_worth_packing, pack
from videoai.live.events import MEDIA_TYPE as EVENT_STREAM

PREFIX = "/api/"
# A body depends on who asks; nothing else about the request changes it.
VARY = "Accept, Accept-Encoding, Authorization, Cookie"
# Browsers renew the headers of what they keep; the page of the docs has a policy of its own.
KEPT_BY_304 = (
    *("ETag", "Cache-Control", "Vary", "Date", "RateLimit-Policy", "RateLimit"),
    "Content-Security-Policy",
)


class ConditionalGetMiddleware:
    """Django's own sets no ETag on HEAD, and marks the admin's pages too, which never repeat."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path_info.startswith(PREFIX):
            return response
        response["Cache-Control"] = "no-cache"
        response["Vary"] = VARY
        if not is_repeatable(request, response):
            return response
        tag = entity_tag(response.content)
        is_packed = is_worth_packing(response.content) and may_be_packed(request)
        response["ETag"] = packed_tag(tag) if is_packed else tag
        if is_known(request.headers.get("If-None-Match", ""), response["ETag"]):
            return not_modified(response)
        return packed(response) if is_packed else response


def may_be_packed(request: HttpRequest) -> bool:
    """Not beside credentials: from the length of what is packed, secrets in it can be guessed."""
    has_credentials = "Authorization" in request.headers or settings.SESSION_COOKIE_NAME in request.COOKIES
    return not has_credentials and accepts_gzip(request.headers.get("Accept-Encoding", ""))


def packed(response: HttpResponse) -> HttpResponse:
    response.content = pack(response.content)
    response["Content-Encoding"] = CODING
    response["Content-Length"] = str(len(response.content))
    return response


def is_repeatable(request: HttpRequest, response: HttpResponse) -> bool:
    """News are told once: a client that has none yet has to hear so in full."""
    is_news = response.get("Content-Type", "").startswith(EVENT_STREAM)
    return request.method in {"GET", "HEAD"} and response.status_code == 200 and not is_news


def is_known(if_none_match: str, tag: str) -> bool:
    """RFC 9110 13.1.2: weak comparison, any of several, `*` for whatever there is."""
    if if_none_match == tag:
        return True  # what clients usually send
    sent = parse_etags(if_none_match)
    return "*" in sent or tag in (one.removeprefix("W/") for one in sent)


def not_modified(response: HttpResponse) -> HttpResponse:
    bare = HttpResponse(status=304, headers={k: response[k] for k in KEPT_BY_304 if k in response})
    del bare["Content-Type"]
    bare.cookies = response.cookies
    return bare

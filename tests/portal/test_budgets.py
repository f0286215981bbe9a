"""What a page may weigh, and with which headers it comes: counted in a browser with an empty cache."""

import gzip
import re
from collections import Counter
from typing import Final

import httpx
import pytest

import tests.portal.reading_scenes
import tests.portal.usage_scenes  # noqa: F401 -- both add their scenes
from tests.portal.scenes import SCENES, Stage
from tests.support.browser import PHONE, NewVisit, Visit
from tests.support.deployment import Deployment

KILO: Final = 1_000
HTML, CSS, JS = 20 * KILO, 20 * KILO, 15 * KILO
CHART_JS: Final = 40 * KILO
REQUESTS: Final = 8


def _load(visitor: Visit, name: str) -> None:
    """Come to a scene, then once more with nothing kept, counting from there."""
    SCENES[name](Stage(visitor))
    client = visitor.context.new_cdp_session(visitor.page)
    client.send("Network.enable")
    client.send("Network.clearBrowserCache")
    visitor.requests.clear()
    visitor.page.reload(wait_until="load")
    begun = next(place for place, request in enumerate(visitor.requests) if request.is_navigation_request())
    del visitor.requests[:begun]  # a late one of the page before
    client.detach()


def test_the_drawing_of_intervals_keeps_to_the_budget_of_charts(glance: NewVisit) -> None:
    visitor = glance(width=390, **PHONE)
    _load(visitor, "usage_intervals")
    visitor.page.wait_for_selector("#zoom:not([hidden])")
    sizes = Counter[str]()
    for request in visitor.requests:
        if (response := request.response()) is not None and request.resource_type != "document":
            sizes[request.resource_type] += request.sizes()["responseBodySize"]
            assert response.status == 200
    assert sizes["script"] <= CHART_JS
    assert len(visitor.requests) <= REQUESTS


@pytest.mark.parametrize(
    "name",
    [
        "sign_in",
        "link_first",
        "home_overdue",
        "bills",
        "bill",
        "pay",
        "payment_waiting_by_code",
        "receipt",
        "inbox",
        "error_codes",
        "usage_month",
        "home_measured",
        "meter_readings_none",
        "tariff",
    ],
)
def test_a_page_keeps_to_its_budget(glance: NewVisit, name: str) -> None:
    visitor = glance(width=390, **PHONE)
    _load(visitor, name)
    weights: Counter[str] = Counter()
    for request in visitor.requests:
        response = request.response()
        if request.resource_type != "eventsource" and response is not None:
            body = response.body()
            weights[request.resource_type] += (
                len(gzip.compress(body, 9))
                if request.resource_type == "document"
                else request.sizes()["responseBodySize"]
            )
    assert weights["document"] <= HTML
    assert 0 < weights["stylesheet"] <= CSS
    assert weights["script"] <= JS
    assert weights.keys() <= {"document", "stylesheet", "script", "image", "other"}, "a page of text loads nothing else"
    assert len(visitor.requests) <= REQUESTS


def test_what_is_kept_is_not_asked_for_again(glance: NewVisit) -> None:
    visitor = glance()
    SCENES["home_overdue"](Stage(visitor))
    loaded, kept = {}, set()
    client = visitor.context.new_cdp_session(visitor.page)
    client.on("Network.responseReceived", lambda told: loaded.update({told["requestId"]: told["response"]}))
    client.on("Network.requestServedFromCache", lambda told: kept.add(told["requestId"]))
    client.send("Network.enable")
    visitor.page.click(".top nav a[href='/me']")
    visitor.page.wait_for_url("**/me")
    visitor.page.wait_for_load_state("load")
    files = {each for each, response in loaded.items() if response["url"].endswith((".css", ".js"))}
    assert len(files) >= 2
    assert [loaded[each]["url"] for each in files - kept if not loaded[each]["fromDiskCache"]] == []


@pytest.mark.parametrize("path", ["/sign-in", "/nothing-here", "/bills/x/y/z"])
def test_every_page_forbids_what_it_does_not_need(deployment: Deployment, path: str) -> None:
    answer = httpx.get(deployment.url + path, trust_env=False, follow_redirects=False)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]


def test_no_page_names_a_foreign_host(glance: NewVisit) -> None:
    visitor = glance()
    for name in ("sign_in", "home_overdue", "payment_waiting_by_code"):
        SCENES[name](Stage(visitor))
        named = set(re.findall(r"(?:src|href|action)=\"(?:https?:)?//([^/\"]+)", visitor.page.content()))
        assert named == set()

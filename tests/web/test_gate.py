"""Whom the server lets in, and what it lets them do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from millwright.errors import InputError
from millwright.web.auth import COOKIE, role_of_session, session
from millwright.web.settings import Limits, ProxyHeaders, Role, Settings, check_settings

Serve = Callable[..., TestClient]

EDITOR = "editor-token-of-24-characters"
READER = "reader-token-of-24-characters"
SCENARIO = {"name": "one", "text": "name: one"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- beyond loopback ---


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "plans.example.org"])
def test_beyond_loopback_the_server_demands_to_know_who_asks(host: str) -> None:
    with pytest.raises(InputError, match="must know who asks") as caught:
        check_settings(Settings(host=host))
    assert "--token" in caught.value.remedy


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_nobody_is_asked(host: str) -> None:
    check_settings(Settings(host=host))


def test_a_proxy_or_a_token_opens_it_to_others() -> None:
    check_settings(Settings(host="0.0.0.0", token=EDITOR))
    check_settings(Settings(host="0.0.0.0", proxy=ProxyHeaders()))


@pytest.mark.parametrize("token", ["short", "x" * 15])
def test_a_token_that_can_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="characters"):
        check_settings(Settings(token=token))


# --- who ---


def test_without_a_token_where_one_is_needed_nothing_is_shown(serve: Serve) -> None:
    client = serve(token=EDITOR)
    for path in ("/api/library/scenarios", "/api/jobs", "/api/openapi.json"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/api/library/scenarios", headers=bearer("no-token-of-this-server-at-all")).status_code == 401
    assert client.get("/api/library/scenarios", headers=bearer(EDITOR)).status_code == 200


def test_a_reader_reads_and_an_editor_saves(serve: Serve) -> None:
    client = serve(token=EDITOR, reader_token=READER)
    assert client.post("/api/library/scenarios", json=SCENARIO, headers=bearer(READER)).status_code == 403
    saved = client.post("/api/library/scenarios", json=SCENARIO, headers=bearer(EDITOR))
    assert saved.status_code == 201
    shown = client.get(f"/api/library/scenarios/{saved.json()['id']}", headers=bearer(READER))
    assert shown.json()["saved_by"] == "editor by token"


def test_a_reader_asks_what_if_and_checks_but_starts_no_job(serve: Serve) -> None:
    client = serve(token=EDITOR, reader_token=READER)
    for path, status in (
        ("/api/what-if", 422),
        ("/api/scenarios/check", 422),
        ("/api/plans", 403),
        ("/api/check", 403),
    ):
        assert client.post(path, json={"scenario": "a: 1"}, headers=bearer(READER)).status_code == status, path


def test_a_browser_signs_in_with_a_form_and_stays_in_by_a_cookie(serve: Serve) -> None:
    client = serve(token=EDITOR)
    sent_away = client.get("/plans?x=1", headers={"Accept": "text/html"}, follow_redirects=False)
    assert sent_away.headers["location"] == "/login?next=/plans%3Fx%3D1"
    form = client.get("/login?next=/plans")
    assert 'value="/plans"' in form.text
    assert client.post("/login", data={"token": "wrong"}).status_code == 401
    signed = client.post("/login", data={"token": EDITOR, "next": "/plans"}, follow_redirects=False)
    assert signed.headers["location"] == "/plans"
    cookie = signed.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/api/jobs").status_code == 200
    client.post("/logout")
    assert client.get("/api/jobs").status_code == 401


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_never_leads_elsewhere(serve: Serve, elsewhere: str) -> None:
    answer = serve(token=EDITOR).post("/login", data={"token": EDITOR, "next": elsewhere}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_session_ends_with_its_time_with_the_token_and_when_it_is_forged() -> None:
    settings = Settings(token=EDITOR, reader_token=READER)
    cookie = session(settings, Role.READER, now_s=1000.0)
    assert role_of_session(settings, cookie, now_s=1001.0) is Role.READER
    assert role_of_session(settings, cookie, now_s=1000.0 + 13 * 3600) is None
    assert role_of_session(Settings(token=EDITOR, reader_token=READER + "2"), cookie, now_s=1001.0) is None
    assert role_of_session(settings, cookie.replace("reader", "editor"), now_s=1001.0) is None
    for forged in ("", ".", "..", "editor.9999999999.", "editor", "é.é.é"):
        assert role_of_session(settings, forged, now_s=1001.0) is None


def test_a_forged_cookie_is_no_defect(serve: Serve) -> None:
    client = serve(token=EDITOR)
    assert client.get("/api/jobs", headers={"Cookie": f"{COOKIE}=editor.1.x"}).status_code == 401


# --- a proxy ---


def test_the_proxys_headers_give_name_and_role(serve: Serve) -> None:
    client = serve(proxy=ProxyHeaders())
    assert client.get("/api/jobs").status_code == 401
    reader = {"X-Forwarded-User": "ada"}
    editor = reader | {"X-Forwarded-Groups": "all, millwright-editors"}
    assert client.get("/api/jobs", headers=reader).status_code == 200
    assert client.post("/api/library/scenarios", json=SCENARIO, headers=reader).status_code == 403
    assert client.post("/api/library/scenarios", json=SCENARIO, headers=editor).json()["saved_by"] == "ada"


def test_the_proxys_headers_are_believed_from_the_proxy_alone(serve: Serve) -> None:
    client = serve(client_address="192.0.2.7", proxy=ProxyHeaders(addresses=("192.0.2.1",)))
    headers = {"X-Forwarded-User": "mallory", "X-Forwarded-Groups": "millwright-editors"}
    assert client.get("/api/jobs", headers=headers).status_code == 401


# --- forged and rebound requests ---


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_have_a_browser_change_anything(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/library/scenarios", json=SCENARIO, headers=headers).status_code == 403
    assert client.get("/api/library/scenarios").json() == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:8710"}, {"Sec-Fetch-Site": "same-origin"}])
def test_own_pages_and_programs_may(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/library/scenarios", json=SCENARIO, headers=headers).status_code == 201


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8710", "127.0.0.1.evil.example", "[", ""])
def test_a_name_that_a_stranger_points_here_is_not_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/jobs", headers={"Host": host}).status_code == 421


def test_a_name_that_is_allowed_is_answered(serve: Serve) -> None:
    client = serve(allowed_hosts=("plans.example.org",))
    assert client.get("/api/jobs", headers={"Host": "plans.example.org"}).status_code == 200


# --- how much ---


def test_a_body_that_is_too_long_is_refused_whether_or_not_it_says_so(serve: Serve) -> None:
    client = serve(limits=Limits(body_bytes=2000))
    text = "x" * 3000
    assert client.post("/api/library/scenarios", json={"name": "a", "text": text}).status_code == 413
    streamed = client.post(
        "/api/library/scenarios",
        content=(part for part in [b'{"name":"a","text":"', text.encode(), b'"}']),
        headers={"Content-Type": "application/json"},
    )
    assert streamed.status_code == 413
    assert client.get("/api/library/scenarios").json() == []


def test_who_asks_too_often_waits(serve: Serve) -> None:
    client = serve(limits=Limits(requests_per_s=0.001, requests_burst=3))
    assert [client.get("/api/health").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert int(client.get("/api/health").headers["Retry-After"]) > 100


# --- headers ---


def test_every_answer_tells_the_browser_to_be_strict(client: TestClient) -> None:
    for path in ("/api/health", "/api/jobs", "/nothing-here", "/login"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in client.get("/api/health").headers["Content-Security-Policy"]
    policy = client.get("/login").headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]

"""Signing in over HTTP: cookies, CSRF, hostile requests, and what every answer carries."""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.interfaces.web.asking import PASSWORD, add_user, browser, sign_in, signed_in
from vesalius.app import House
from vesalius.kit.http.authentication import COOKIE
from vesalius.stores import access


class TestSigningIn:
    async def test_the_session_tells_who_one_is(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            session = (await client.get("/api/session")).json()
        assert session["username"] == "anna"
        assert session["display"] == "Anna"
        assert session["roles"] == ["nurse"]
        assert "record.read:*" in session["permissions"]
        assert session["csrf_token"] == client.headers["X-CSRF-Token"]

    async def test_nobody_has_no_session(self, house: House) -> None:
        async with browser(house) as client:
            response = await client.get("/api/session")
        assert response.status_code == 401
        assert response.json()["error"] == "unauthenticated"
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_the_cookie_is_shut_in(self, house: House) -> None:
        await add_user(house, "anna", "nurse")
        async with browser(house) as client:
            response = await sign_in(client, "anna")
            cookie = SimpleCookie(response.headers["set-cookie"])[COOKIE]
            assert cookie["httponly"]
            assert cookie["samesite"] == "strict"
            assert cookie["path"] == "/"
            assert not cookie["secure"]
            client.base_url = httpx.URL("https://vesalius.test")
            response = await sign_in(client, "anna")
            assert SimpleCookie(response.headers["set-cookie"])[COOKIE]["secure"]

    async def test_the_cookie_changes_at_each_sign_in(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            before = client.cookies[COOKIE]
            await sign_in(client, "anna")
            assert client.cookies[COOKIE] != before
            client.cookies.set(COOKIE, before, domain="vesalius.test")
        async with browser(house) as thief:
            response = await thief.get("/api/session", headers={"Cookie": f"{COOKIE}={before}"})
            assert response.status_code == 401

    async def test_guessing_is_stopped_with_429(self, house: House) -> None:
        await add_user(house, "anna", "nurse")
        async with browser(house) as client:
            wrong = {"username": "anna", "password": "wrong"}
            for _ in range(house.settings.sign_in_attempts):
                assert (await client.post("/api/session", json=wrong)).status_code == 401
            right = {"username": "anna", "password": PASSWORD}
            response = await client.post("/api/session", json=right)
        assert response.status_code == 429
        assert response.json()["error"] == "exhausted"
        assert int(response.headers["retry-after"]) > 0

    async def test_failures_are_in_the_trail(self, house: House) -> None:
        await add_user(house, "anna", "nurse")
        async with browser(house) as client:
            for username in ("anna", "hunter2"):
                await client.post("/api/session", json={"username": username, "password": "x"})
        async with house.database.transaction() as tx:
            entries = await access.read_audit(tx, access.SYSTEM, kind="User Authentication")
        assert [(e.outcome, e.reference) for e in entries] == [
            ("minor", None),
            ("minor", "user/anna"),
        ]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{",
            b'{"username": "anna"}',
            b'{"username": "anna", "password": 1}',
            b'{"username": "anna", "password": "x", "extra": 1}',
            b'{"username": "a\\u0000", "password": "x"}',
            b'{"username": "\xff", "password": "x"}',
            b"[" * 100_000,
        ],
    )
    async def test_odd_bodies_are_invalid(self, house: House, body: bytes) -> None:
        async with browser(house) as client:
            response = await client.post(
                "/api/session", content=body, headers={"Content-Type": "application/json"}
            )
        assert response.status_code == 400
        assert response.json()["error"] == "invalid"

    async def test_a_form_of_another_page_cannot_sign_somebody_in(self, house: House) -> None:
        await add_user(house, "anna", "nurse")
        async with browser(house) as client:
            for media_type in ("text/plain", "application/x-www-form-urlencoded"):
                response = await client.post(
                    "/api/session",
                    content=f'{{"username": "anna", "password": "{PASSWORD}"}}',
                    headers={"Content-Type": media_type},
                )
                assert response.status_code == 422
                assert "set-cookie" not in response.headers


class TestCsrf:
    async def test_unsafe_requests_need_the_token(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            token = client.headers.pop("X-CSRF-Token")
            for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": token[:-1]}):
                response = await client.patch(
                    "/api/session", json={"language": "fr"}, headers=headers
                )
                assert response.status_code == 403
                assert response.json()["error"] == "forbidden"
                assert (await client.delete("/api/session", headers=headers)).status_code == 403
            response = await client.patch(
                "/api/session", json={"language": "fr"}, headers={"X-CSRF-Token": token}
            )
            assert response.status_code == 204
            assert (await client.get("/api/session")).json()["language"] == "fr"

    async def test_the_token_of_another_session_is_none(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as anna:
            async with signed_in(house, "bert", "nurse") as bert:
                response = await anna.patch(
                    "/api/session",
                    json={"language": "fr"},
                    headers={"X-CSRF-Token": bert.headers["X-CSRF-Token"]},
                )
        assert response.status_code == 403

    async def test_bearer_tokens_need_none(self, house: House) -> None:
        await add_user(house, "robot", "integrator")
        async with house.database.transaction() as tx:
            token = await access.issue_token(tx, access.SYSTEM, "robot")
        async with browser(house) as client:
            client.headers["Authorization"] = f"Bearer {token}"
            response = await client.patch("/api/session", json={"language": "fr"})
            assert response.status_code == 204


class TestHostileCredentials:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Cookie": f"{COOKIE}="},
            {"Cookie": f"{COOKIE}=x"},
            {"Cookie": f"{COOKIE}=" + "x" * 10_000},
            {"Cookie": f'{COOKIE}="\\303"'},
            {"Cookie": f"{COOKIE}=' OR 1=1 --"},
            {"Cookie": "=;;;=\x01; " + "a=b; " * 500},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer "},
            {"Authorization": "Bearer x"},
            {"Authorization": "Bearer " + "x" * 10_000},
            {"Authorization": "Basic YWRtaW46YWRtaW4="},
            {"Authorization": "Negotiate"},
            {"Authorization": "bearer vesalius_"},
        ],
    )
    async def test_are_nobody(self, house: House, headers: dict[str, str]) -> None:
        async with browser(house) as client:
            response = await client.get("/api/session", headers=headers)
            assert response.status_code == 401
            assert (await client.get("/api/setup", headers=headers)).status_code == 200

    async def test_a_bad_token_is_not_mended_by_a_good_cookie(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            response = await client.get("/api/session", headers={"Authorization": "Bearer x"})
        assert response.status_code == 401


class TestLeaving:
    async def test_ends_the_session_here_and_there(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            cookie = client.cookies[COOKIE]
            response = await client.delete("/api/session")
            assert response.status_code == 204
            assert 'vesalius_session=""' in response.headers["set-cookie"]
            again = await client.get("/api/session", headers={"Cookie": f"{COOKIE}={cookie}"})
            assert again.status_code == 401

    async def test_a_new_password_ends_the_other_sessions(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as here, browser(house) as there:
            await sign_in(there, "anna")
            wrong = {"current": "wrong", "password": "another horse battery"}
            assert (await here.put("/api/session/password", json=wrong)).status_code == 403
            right = wrong | {"current": PASSWORD}
            assert (await here.put("/api/session/password", json=right)).status_code == 200
            assert (await here.get("/api/session")).status_code == 200
            assert (await there.get("/api/session")).status_code == 401


class TestEveryAnswer:
    @pytest.mark.parametrize("path", ["/", "/api/session", "/api/nothing", "/health/live"])
    async def test_carries_the_protecting_headers(self, house: House, path: str) -> None:
        async with browser(house) as client:
            headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in policy
        assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
        assert "http" not in policy
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"

    async def test_of_the_api_is_not_kept(self, house: House) -> None:
        async with browser(house) as client:
            assert (await client.get("/api/setup")).headers["cache-control"] == "no-store"

    async def test_refuses_a_body_that_is_too_long(self, house: House) -> None:
        async def endless() -> object:
            for _ in range(40):
                yield b" " * 1024 * 1024

        async with browser(house) as client:
            headers = {"Content-Type": "application/json"}
            for content in (b" " * (17 * 1024 * 1024), endless()):
                response = await client.post("/api/session", content=content, headers=headers)  # type: ignore[arg-type]
                assert response.status_code == 413
                assert response.json()["error"] == "invalid"

    async def test_says_what_is_not_there(self, house: House) -> None:
        async with signed_in(house, "anna", "administrator") as client:
            for method, path, status in [
                ("GET", "/api/nothing", 404),
                ("POST", "/api/nothing/at/all", 404),
                ("DELETE", "/api/roles", 405),
                ("GET", "/api/audit?patient=a%00b", 400),
                ("GET", "/missing.js", 404),
            ]:
                response = await client.request(method, path)
                assert response.status_code == status, path
                assert set(response.json()) >= {"error", "message"}

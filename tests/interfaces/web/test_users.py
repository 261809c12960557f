"""Users, roles and tokens over HTTP."""

from tests.interfaces.web.asking import browser, signed_in
from vesalius.app import House


class TestUsers:
    async def test_are_added_listed_and_changed(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            body = {
                "username": "Anna",
                "display": "Anna",
                "roles": ["nurse"],
                "password": "correct horse battery",
            }
            response = await client.post("/api/users", json=body)
            assert response.status_code == 201
            assert (await client.post("/api/users", json=body)).status_code == 409
            users = (await client.get("/api/users")).json()
            assert [user["username"] for user in users] == ["anna", "boss"]
            assert "password_hash" not in users[0]
            change = {"roles": ["physician"], "display": "Dr Anna", "active": False}
            changed = (await client.patch("/api/users/anna", json=change)).json()
            assert (changed["roles"], changed["active"]) == (["physician"], False)

    async def test_the_last_administrator_stays(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            response = await client.patch("/api/users/boss", json={"roles": ["nurse"]})
        assert response.status_code == 409
        assert response.json()["error"] == "conflict"

    async def test_wrong_values_are_named(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            for change, status in [
                ({"roles": None}, 400),
                ({"roles": ["emperor"]}, 400),
                ({"unknown": 1}, 400),
                ({"password": "short"}, 400),
            ]:
                response = await client.patch("/api/users/boss", json=change)
                assert response.status_code == status, change
            assert (await client.patch("/api/users/nobody", json={})).status_code == 404


class TestRoles:
    async def test_are_listed_and_changed(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator") as client:
            roles = {role["name"]: role for role in (await client.get("/api/roles")).json()}
            assert "report.sign" in roles["radiologist"]["permissions"]
            body = {"display": "Auditor", "permissions": ["audit.read"]}
            assert (await client.put("/api/roles/auditor", json=body)).status_code == 200
            body["permissions"] = ["everything"]
            assert (await client.put("/api/roles/auditor", json=body)).status_code == 400


class TestTokens:
    async def test_are_made_used_and_revoked(self, house: House) -> None:
        async with signed_in(house, "anna", "nurse") as client:
            response = await client.post("/api/users/anna/tokens", json={"name": "laptop"})
            assert response.status_code == 201
            headers = {"Authorization": f"Bearer {response.json()['token']}"}
            async with browser(house) as script:
                session = (await script.get("/api/session", headers=headers)).json()
                assert (session["username"], session["roles"]) == ("anna", ["nurse"])
                [token] = (await client.get("/api/users/anna/tokens")).json()
                assert token["name"] == "laptop"
                path = f"/api/users/anna/tokens/{token['id']}"
                assert (await client.delete(path)).status_code == 204
                assert (await script.get("/api/session", headers=headers)).status_code == 401

    async def test_are_for_oneself(self, house: House) -> None:
        async with signed_in(house, "boss", "administrator"):
            async with signed_in(house, "anna", "nurse") as client:
                for method in ("GET", "POST"):
                    response = await client.request(method, "/api/users/boss/tokens", json={})
                    assert response.status_code == 403

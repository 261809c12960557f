"""Users of a clinic, for tests that begin behind the sign-in."""

from playwright.sync_api import Page

from tests.running import RunningVesalius
from vesalius.app import House
from vesalius.kit.errors import Conflict
from vesalius.stores import access

PASSWORD = "correct horse battery staple"


def sign_in(clinic: RunningVesalius, page: Page, *roles: str, language: str = "en") -> None:
    """Sign the page in as a user with these roles, made once."""
    username = "-".join(roles)

    async def add(house: House) -> None:
        try:
            async with house.database.transaction() as tx:
                await access.add_user(
                    tx,
                    access.SYSTEM,
                    username=username,
                    display=username,
                    roles=frozenset(roles),
                    password=PASSWORD,
                    language=language,
                )
        except Conflict:
            return

    clinic.run(add)
    answer = page.request.post("/api/session", data={"username": username, "password": PASSWORD})
    assert answer.ok, answer.text()

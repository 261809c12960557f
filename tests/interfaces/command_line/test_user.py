"""`vesalius user` and `vesalius audit`, as an administrator types them."""

import os
import subprocess
import sys

import pytest

from vesalius.app import House
from vesalius.settings import Settings
from vesalius.stores import access


@pytest.fixture
def variables(settings: Settings) -> dict[str, str]:
    return {**os.environ, **settings.environment()}


def vesalius(
    variables: dict[str, str], *arguments: str, words: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vesalius", *arguments],
        env=variables,
        input=words,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class TestUser:
    async def test_a_token_for_scripts(self, house: House, variables: dict[str, str]) -> None:
        added = vesalius(variables, "user", "add", "robot", "--role", "integrator", "--no-password")
        assert added.returncode == 0, added.stderr
        printed = vesalius(variables, "user", "token", "robot", "--days", "1")
        assert printed.returncode == 0, printed.stderr
        [token] = printed.stdout.splitlines()
        async with house.database.transaction() as tx:
            principal = await access.authenticate_bearer(tx, token)
            entries = await access.read_audit(tx, access.SYSTEM)
        assert principal.roles == {"integrator"}
        assert all(e.principal_name.startswith("command line (") for e in entries)

    async def test_a_password_from_a_pipe(self, house: House, variables: dict[str, str]) -> None:
        added = vesalius(
            variables, "user", "add", "anna", "--role", "nurse", words="correct horse battery\n"
        )
        assert added.returncode == 0, added.stderr
        assert "correct horse" not in added.stdout + added.stderr
        changed = vesalius(variables, "user", "role", "anna", "nurse", "physician")
        assert changed.returncode == 0, changed.stderr
        listed = vesalius(variables, "user", "list")
        assert "anna" in listed.stdout
        assert "nurse, physician" in listed.stdout
        async with house.database.transaction() as tx:
            result = await access.sign_in(tx, "anna", "correct horse battery", address=None)
        assert isinstance(result, access.SignedIn)

    def test_mistakes_are_sentences(self, variables: dict[str, str]) -> None:
        done = vesalius(variables, "user", "add", "x", "--role", "emperor", "--no-password")
        assert done.returncode == 1
        assert "there is no role emperor" in done.stderr
        assert "Traceback" not in done.stderr


class TestAudit:
    async def test_verify_says_what_is_wrong(self, house: House, variables: dict[str, str]) -> None:
        from vesalius.stores import audit

        async with house.database.transaction() as tx:
            for _ in range(3):
                await audit.record(tx, access.SYSTEM, "R", "Query")
        await audit.seal_all(house.database)
        done = vesalius(variables, "audit", "verify")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3 events in 1 blocks" in done.stdout
        assert "intact" in done.stdout
        async with house.database.transaction() as tx:
            await tx.execute("SET LOCAL session_replication_role = replica")
            await tx.execute("DELETE FROM audit_event WHERE id = 2")
        done = vesalius(variables, "audit", "verify")
        assert done.returncode == 1
        assert "Event 2 of block 1 is gone." in done.stdout
        shown = vesalius(variables, "audit", "show", "--limit", "5")
        assert "Query" in shown.stdout

"""Sessions: signing in, staying, going; and those who guess, steal or forge."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.stores.access.people import PASSWORD, add
from vesalius.app import House
from vesalius.kit.errors import Forbidden, Unauthenticated
from vesalius.kit.transaction import Transaction
from vesalius.stores import access


async def signed_in(tx: Transaction, **options: str) -> access.SignedIn:
    await add(tx, "anna", "nurse", password=PASSWORD)
    result = await access.sign_in(tx, "anna", PASSWORD, address="192.0.2.1", **options)
    assert isinstance(result, access.SignedIn)
    return result


class TestSigningIn:
    async def test_the_right_password_opens_a_session(self, tx: Transaction) -> None:
        session = await signed_in(tx)
        principal = await access.authenticate_session(tx, session.cookie)
        assert (principal.name, principal.roles) == ("anna", frozenset({"nurse"}))

    async def test_the_cookie_is_256_random_bits_and_not_stored(self, tx: Transaction) -> None:
        session = await signed_in(tx)
        assert len(session.cookie) == 43
        stored = await tx.fetch_value("SELECT login_session::text FROM login_session")
        assert session.cookie not in stored

    async def test_wrong_password_and_unknown_user_are_told_the_same(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        await add(tx, "bert", "nurse")
        words = set()
        for username in ("anna", "bert", "nobody", "", "x" * 500, "a\0b"):
            result = await access.sign_in(tx, username, "wrong", address=None)
            assert isinstance(result, access.SignInRefused)
            words.add(result.error.message)
        assert len(words) == 1

    async def test_a_new_sign_in_ends_the_session_it_replaces(self, tx: Transaction) -> None:
        first = await signed_in(tx)
        await access.sign_in(tx, "anna", PASSWORD, address=None, previous_cookie=first.cookie)
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, first.cookie)

    async def test_a_planted_cookie_is_not_adopted(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        result = await access.sign_in(
            tx, "anna", PASSWORD, address=None, previous_cookie="planted by somebody"
        )
        assert isinstance(result, access.SignedIn)
        assert result.cookie != "planted by somebody"
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, "planted by somebody")


class TestGuessing:
    async def test_is_stopped_for_the_user_at_that_address(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        for _ in range(tx.settings.sign_in_attempts):
            result = await access.sign_in(tx, "anna", "wrong", address="192.0.2.1")
            assert isinstance(result.error, Unauthenticated)  # type: ignore[union-attr]
        result = await access.sign_in(tx, "anna", PASSWORD, address="192.0.2.1")
        assert isinstance(result, access.SignInRefused)
        assert isinstance(result.error, access.TooManyAttempts)
        elsewhere = await access.sign_in(tx, "anna", PASSWORD, address="198.51.100.1")
        assert isinstance(elsewhere, access.SignedIn)

    async def test_is_stopped_for_users_that_do_not_exist_alike(self, tx: Transaction) -> None:
        for _ in range(tx.settings.sign_in_attempts):
            await access.sign_in(tx, "nobody", "wrong", address="192.0.2.1")
        result = await access.sign_in(tx, "nobody", "wrong", address="192.0.2.1")
        assert isinstance(result.error, access.TooManyAttempts)  # type: ignore[union-attr]

    async def test_an_address_cannot_try_all_users(self, tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO login_failure VALUES ('address 192.0.2.1', %s, %s)",
            (tx.settings.sign_in_attempts * 10, tx.now),
        )
        result = await access.sign_in(tx, "anybody", "wrong", address="192.0.2.1")
        assert isinstance(result.error, access.TooManyAttempts)  # type: ignore[union-attr]

    async def test_a_network_of_ipv6_counts_as_one_address(self, tx: Transaction) -> None:
        for last in range(tx.settings.sign_in_attempts):
            await access.sign_in(tx, "anna", "wrong", address=f"2001:db8::{last}")
        result = await access.sign_in(tx, "anna", "wrong", address="2001:db8::ffff:1")
        assert isinstance(result.error, access.TooManyAttempts)  # type: ignore[union-attr]

    async def test_is_forgotten_after_a_while_and_after_success(self, tx: Transaction) -> None:
        await add(tx, "anna", "nurse", password=PASSWORD)
        await access.sign_in(tx, "anna", "wrong", address="192.0.2.1")
        await access.sign_in(tx, "anna", PASSWORD, address="192.0.2.1")
        left = await tx.fetch_all("SELECT subject FROM login_failure WHERE subject LIKE 'pair%%'")
        assert left == []
        await tx.execute("UPDATE login_failure SET failures = 10000, since = since - interval '1h'")
        again = await access.sign_in(tx, "anna", PASSWORD, address="192.0.2.1")
        assert isinstance(again, access.SignedIn)


class TestUsing:
    @pytest.mark.parametrize(
        "cookie", ["", "x", "'; DROP TABLE login_session; --", "\udcff", "a" * 500, "\0"]
    )
    async def test_a_forged_cookie_is_nobody(self, tx: Transaction, cookie: str) -> None:
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, cookie)

    async def test_the_digest_is_no_cookie(self, tx: Transaction) -> None:
        await signed_in(tx)
        digest = await tx.fetch_value("SELECT encode(token_hash, 'hex') FROM login_session")
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, digest)

    async def test_unsafe_methods_need_the_token_of_this_session(self, tx: Transaction) -> None:
        session = await signed_in(tx)
        other = await access.open_session(tx, "anna", address=None)
        for method in ("POST", "PUT", "PATCH", "DELETE", "FOO"):
            for token in (None, "", "x", "é", other.csrf_token, session.cookie):
                with pytest.raises(Forbidden):
                    await access.authenticate_session(tx, session.cookie, token, method)
            await access.authenticate_session(tx, session.cookie, session.csrf_token, method)
        await access.authenticate_session(tx, session.cookie, None, "GET")

    async def test_signing_out_ends_it(self, tx: Transaction) -> None:
        session = await signed_in(tx)
        await access.sign_out(tx, session.principal, session.cookie)
        with pytest.raises(Unauthenticated):
            await access.authenticate_session(tx, session.cookie)


class TestTime:
    @pytest.fixture
    def turned(self, house: House) -> Iterator[House]:
        yield house
        house.clock.turn(type(house.clock)().now)

    async def later(self, house: House, cookie: str, **ago: float) -> None:
        moment = house.clock.now() + timedelta(**ago)
        house.clock.turn(lambda: moment)
        async with house.database.transaction() as tx:
            await access.authenticate_session(tx, cookie)

    async def open(self, house: House) -> str:
        async with house.database.transaction() as tx:
            return (await signed_in(tx)).cookie

    async def test_an_idle_session_ends(self, turned: House) -> None:
        cookie = await self.open(turned)
        await self.later(turned, cookie, seconds=turned.settings.session_idle_seconds - 300)
        await self.later(turned, cookie, seconds=turned.settings.session_idle_seconds - 300)
        with pytest.raises(Unauthenticated):
            await self.later(turned, cookie, seconds=turned.settings.session_idle_seconds + 1)

    async def test_a_used_session_ends_too(self, turned: House) -> None:
        cookie = await self.open(turned)
        step = turned.settings.session_idle_seconds - 300
        with pytest.raises(Unauthenticated):
            for _ in range(turned.settings.session_seconds // step + 1):
                await self.later(turned, cookie, seconds=step)

    async def test_looking_without_use_does_not_keep_it(self, turned: House) -> None:
        cookie = await self.open(turned)
        start = turned.clock.now()
        turned.clock.turn(lambda: start + timedelta(seconds=3000))
        async with turned.database.transaction() as tx:
            await access.authenticate_session(tx, cookie, counts_as_use=False)
        with pytest.raises(Unauthenticated):
            await self.later(turned, cookie, seconds=1000)


class TestProvingOneself:
    async def test_again_before_signing(self, tx: Transaction) -> None:
        session = await signed_in(tx)
        await access.verify_password(tx, session.principal, PASSWORD)
        with pytest.raises(Forbidden):
            await access.verify_password(tx, session.principal, "wrong")

    async def test_is_not_for_guessing(self, tx: Transaction) -> None:
        await add(tx, "guesser", "nurse", password=PASSWORD)
        session = await access.open_session(tx, "guesser", address=None)
        for _ in range(tx.settings.sign_in_attempts):
            with pytest.raises(Forbidden):
                await access.verify_password(tx, session.principal, "wrong")
        with pytest.raises(access.TooManyAttempts):
            await access.verify_password(tx, session.principal, PASSWORD)

    async def test_is_for_people_only(self, tx: Transaction) -> None:
        with pytest.raises(Forbidden):
            await access.verify_password(tx, access.SYSTEM, PASSWORD)

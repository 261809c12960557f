"""`vesalius demo`: the house with a sample hospital in it, for the first ten minutes."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from vesalius import sample
from vesalius.app import House, open_house
from vesalius.interfaces.command_line.node import admit
from vesalius.interfaces.command_line.opening import run_command
from vesalius.interfaces.command_line.serve import announce, settings_with
from vesalius.interfaces.command_line.user import operator
from vesalius.kit import log
from vesalius.kit.errors import VesaliusError
from vesalius.settings import Settings
from vesalius.stores import access

console = Console(stderr=True)

WRITER = "sample-loader"
STATIONS = ("CT1", "MR1", "DX1", "US1", "XA1", "ECG1", "DOC1")
# Of an address nobody listens on: the sample's modalities call and are not called.
NO_PORT = 104
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def demo(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder of everything that is kept.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the web server.")] = None,
    dicom_port: Annotated[int | None, typer.Option(help="Port of the DICOM acceptor.")] = None,
    ae_title: Annotated[str | None, typer.Option(help="Our DICOM application entity.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when everything is loaded.")] = False,
) -> None:
    """Start everything with a sample hospital, loaded the first time. Not for real patients."""
    settings = settings_with(
        data_directory=data, web_port=web_port, dicom_port=dicom_port, ae_title=ae_title
    )
    log.configure("warning", json_lines=settings.log_json)
    if "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "warning"})
    if _is_running(settings.data_directory):
        _fill_running_house(context.obj, settings)
        return
    failures: list[BaseException] = []

    def when_running(running: Settings) -> None:
        announce(running)
        try:
            asyncio.run(_fill(context.obj, running))
        except BaseException as error:  # told below, by the thread that can end the command
            failures.append(error)
            console.print(f"[red]the sample hospital was not loaded: {_sentence(error)}[/red]")
            console.print("run the command again to go on where it stopped")
        if once:
            os.kill(os.getpid(), signal.SIGTERM)

    context.obj.supervise(
        settings,
        progress=lambda sentence: console.print(f"[dim]{sentence} …[/dim]"),
        when_running=when_running,
        # The sample hospital has its administrator.
        offers_setup=False,
    )
    if failures and once:
        raise typer.Exit(1)


def _is_running(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    try:
        with FileLock(folder / "lock", timeout=0):
            return False
    except Timeout:
        return True


def _fill_running_house(launch: Any, settings: Settings) -> None:
    """Load into the house that runs on this folder already."""
    os.environ.update(settings.environment())

    async def work(house: House) -> None:
        await _load(house)

    run_command(launch, work)
    announce(settings)


async def _fill(launch: Any, settings: Settings) -> None:
    async with open_house(settings) as house:
        launch.connect_interfaces(house)
        await _load(house)


def _sentence(error: BaseException) -> str:
    """The first thing that went wrong, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    words = (
        error.message if isinstance(error, VesaliusError) else f"{type(error).__name__}: {error}"
    )
    return escape(" ".join(words.split())[:600])


# ---------------------------------------------------------------- loading, once


async def _load(house: House) -> None:
    """Load what is not loaded yet; say how to sign in."""
    state = _State(house.settings.data_directory / "sample")
    if state.is_loaded:
        console.print(f"the sample hospital is loaded; who may sign in: {state.accounts_path}")
        return
    logins = await _prepare(house, state)
    with _watched() as watch:
        await sample.load(
            house,
            base_url=f"http://{_reachable(house.settings.web_host)}:{house.settings.web_port}",
            calendar=sample.Calendar(state.moment),
            writer=logins[WRITER].token,
            readers={
                account.colleague.key: logins[account.username] for account in sample.ACCOUNTS
            },
            watch=watch,
        )
    await _retire(house)
    state.finish()
    _tell(house.settings, state)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104


class _State:
    """What a second run has to know, in the data folder: the moment, the passwords, the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._done = folder / "loaded"
        self._moment = folder / "moment"
        self.accounts_path = folder / "accounts.json"

    @property
    def is_loaded(self) -> bool:
        return self._done.exists()

    @property
    def moment(self) -> datetime:
        """The moment everything is told from; kept, so that a second try is the same."""
        if not self._moment.exists():
            self._moment.write_text(datetime.now().astimezone().isoformat(timespec="seconds"))
        return datetime.fromisoformat(self._moment.read_text())

    def passwords(self) -> dict[str, str]:
        """A random password for each account, readable by the owner of the folder only."""
        if not self.accounts_path.exists():
            made = {account.username: _password() for account in sample.ACCOUNTS}
            descriptor = os.open(self.accounts_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(made, file, indent=2)
        known: dict[str, str] = json.loads(self.accounts_path.read_text())
        return known

    def finish(self) -> None:
        """Nothing is left to load."""
        self._done.touch()


def _password() -> str:
    """Easy to type, and not to guess: 74 bits."""
    letters = [secrets.choice(LETTERS) for _ in range(15)]
    return "-".join("".join(letters[at : at + 5]) for at in (0, 5, 10))


async def _prepare(house: House, state: _State) -> dict[str, sample.Login]:
    """Accounts, tokens and the nodes of the sample's modalities; again and again the same."""
    passwords = state.passwords()
    for station in STATIONS:
        await admit(house, station, "127.0.0.1", NO_PORT, description=f"Sample modality {station}")
    logins = {}
    for account in sample.ACCOUNTS:
        logins[account.username] = await _account(house, account, passwords[account.username])
    writer = sample.Account(WRITER, sample.ACCOUNTS[0].colleague, frozenset({"integrator"}))
    logins[WRITER] = await _account(house, writer, None)
    async with house.database.transaction() as tx:
        for person in sample.PATIENTS:
            if person.restricted:
                await access.grant(tx, operator(), person.reference, "cardiologist")
                await access.grant(tx, operator(), person.reference, WRITER)
    return logins


async def _account(house: House, account: sample.Account, password: str | None) -> sample.Login:
    async with house.database.transaction() as tx:
        if await access.find_user(tx, account.username) is None:
            await access.add_user(
                tx,
                operator(),
                username=account.username,
                display="Sample loader" if password is None else account.colleague.display,
                roles=account.roles,
                password=password,
                practitioner_reference=None if password is None else account.colleague.reference,
            )
        else:
            await access.change_user(
                tx, operator(), account.username, active=True, password=password
            )
        token = await access.issue_token(
            tx, operator(), account.username, name="loading the sample hospital", days=0.2
        )
    return sample.Login(account.username, token, password or "")


async def _retire(house: House) -> None:
    """The loader has nothing to do any more."""
    async with house.database.transaction() as tx:
        await access.change_user(tx, operator(), WRITER, active=False)


@contextmanager
def _watched() -> Iterator[sample.Watcher]:
    """Progress bars, one for each kind of thing that is loaded."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def watch(kind: str, *, done: int = 0, total: int | None = None) -> None:
            if kind not in bars:
                bars[kind] = progress.add_task(kind, total=total)
            progress.update(bars[kind], advance=done)

        yield watch


def _tell(settings: Settings, state: _State) -> None:
    table = Table("sign in as", "password", "who", title=f"Sign in at {settings.base_url}")
    passwords = state.passwords()
    for account in sample.ACCOUNTS:
        table.add_row(
            account.username,
            passwords[account.username],
            f"{account.colleague.display}, {account.colleague.specialty.lower()}",
        )
    console.print(table)
    console.print(f"[dim]kept in {state.accounts_path}, for you alone[/dim]")

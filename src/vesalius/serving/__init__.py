"""The running house: the supervisor, and the roles of the processes it keeps running."""

from vesalius.kit import memory
from vesalius.serving.supervisor import Supervisor, migrate, supervise
from vesalius.settings import Settings

__all__ = [
    "ROLES",
    "Supervisor",
    "connect_interfaces",
    "migrate",
    "run_role",
    "start_role",
    "supervise",
]

ROLES = ("web", "dimse", "jobs")


def run_role(role: str, settings: Settings) -> int:
    """Be one process of the house; its exit code. Loads the rooms, which a supervisor need not."""
    from vesalius.serving import roles

    return roles.run_role(role, settings)


def start_role(role: str) -> int:
    """Be a process the supervisor started, with the settings of the environment."""
    memory.keep_tidy()
    return run_role(role, Settings())


def connect_interfaces(house: object) -> None:
    """Give rooms and interfaces upstream of an interface what they need of it."""
    from vesalius.app import House
    from vesalius.serving import roles

    assert isinstance(house, House)
    roles.connect_interfaces(house)

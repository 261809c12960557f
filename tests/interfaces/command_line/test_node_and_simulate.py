"""`vesalius node …` and `vesalius simulate modality` against a running house."""

from pydicom.uid import generate_uid

from tests.interfaces.command_line.calling import vesalius
from tests.interfaces.dimse.archives import archive
from tests.peers.orders import scheduled
from tests.running import RunningVesalius
from vesalius.app import House
from vesalius.stores import access
from vesalius.stores import archive as stored


def test_node(served: RunningVesalius) -> None:
    title = f"C{generate_uid()[-12:]}"
    with archive(title) as keeping:
        arguments = (title, "127.0.0.1", str(keeping.port))
        assert "admitted" in vesalius(served, "node", "add", *arguments, "--may", "send")
        listed = vesalius(served, "node", "list")
        assert title in listed
        assert "answers" in vesalius(served, "node", "echo", title)
    assert "changed" in vesalius(served, "node", "add", *arguments, "--may", "find")
    assert "cannot be reached" in vesalius(served, "node", "echo", title, ok=False)
    assert "removed" in vesalius(served, "node", "remove", title)
    assert "no node" in vesalius(served, "node", "echo", title, ok=False)
    assert "AE title" in vesalius(served, "node", "refused")


def test_simulated_modality(served: RunningVesalius) -> None:
    step = served.run(lambda house: scheduled(house, f"S{generate_uid()[-10:]}"))
    arguments = ("simulate", "modality", "--accession", step.accession_number, "--slices", "2")
    assert step.accession_number in vesalius(served, *arguments)

    async def count(house: House) -> int:
        async with house.database.transaction() as tx:
            uid = step.study_instance_uid
            return len(await stored.instances(tx, access.SYSTEM, study=uid))

    assert served.run(count) == 2
    assert "nothing is scheduled" in vesalius(served, *arguments, ok=False)

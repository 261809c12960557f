"""A complete study is sent on by the rules, once, and again when it has grown."""

from pydicom.dataset import Dataset

from tests.imaging.building import store, tell
from tests.stores.archive import building
from vesalius.app import House
from vesalius.exchange import routing
from vesalius.exchange.routing import Rule
from vesalius.imaging.studies import StudyComplete
from vesalius.kit.transaction import Transaction
from vesalius.stores import access
from vesalius.stores.access import SYSTEM, Node


async def a_node(tx: Transaction, ae_title: str = "PACS2") -> None:
    await access.add_node(tx, SYSTEM, Node(ae_title, "127.0.0.1", 104, frozenset({"send"})))


async def a_study(house: House, tx: Transaction, count: int = 2) -> list[Dataset]:
    images = building.series_of(
        count, StudyDescription="CT Thorax", BodyPartExamined="CHEST", Modality="CT"
    )
    await store(house, tx, *images)
    return images


async def complete(tx: Transaction, images: list[Dataset]) -> None:
    """Tell that a study is complete, as settling does; every handler hears it twice."""
    tx.announce(StudyComplete(str(images[0].StudyInstanceUID), None))
    await tell(tx)


async def queued(tx: Transaction, images: list[Dataset]) -> list[str]:
    """To which nodes the study waits to be sent."""
    rows = await tx.fetch_all(
        "SELECT args FROM procrastinate_jobs WHERE task_name = 'routing.send_study'"
        " AND args ->> 'study_instance_uid' = %s ORDER BY id",
        (str(images[0].StudyInstanceUID),),
    )
    return [row["args"]["ae_title"] for row in rows]


async def have_sent(tx: Transaction) -> None:
    """As when the workers have done everything that waited."""
    await tx.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE status = 'todo'")


async def test_rules_that_apply(shared_house: House, tx: Transaction) -> None:
    for ae_title in ("PACS2", "CHEST_AI", "NEURO"):
        await a_node(tx, ae_title)
    await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
    await routing.add_rule(tx, SYSTEM, Rule("CHEST_AI", modality="CT", body_part="chest"))
    await routing.add_rule(tx, SYSTEM, Rule("NEURO", body_part="HEAD"))
    await routing.add_rule(tx, SYSTEM, Rule("NEURO", enabled=False))
    images = await a_study(shared_house, tx)
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2", "CHEST_AI"]
    entries = await access.read_audit(tx, SYSTEM, kind="Study Routed")
    told = [e for e in entries if e.reference == str(images[0].StudyInstanceUID)]
    assert sorted(e.detail["node"] for e in told if e.detail) == ["CHEST_AI", "PACS2"]


async def test_once_however_often_it_is_told(shared_house: House, tx: Transaction) -> None:
    await a_node(tx)
    await routing.add_rule(tx, SYSTEM, Rule("PACS2", modality="CT"))
    await routing.add_rule(tx, SYSTEM, Rule("PACS2", description="thorax"))
    images = await a_study(shared_house, tx)
    await complete(tx, images)
    await have_sent(tx)
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2"]
    # A rule that comes later finds the study at its node already.
    await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2"]


async def test_late_images(shared_house: House, tx: Transaction) -> None:
    await a_node(tx)
    await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
    images = await a_study(shared_house, tx, 3)
    late = building.series_of(1, StudyInstanceUID=str(images[0].StudyInstanceUID))
    await complete(tx, images)
    await have_sent(tx)
    await store(shared_house, tx, *late)
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2", "PACS2"]


async def test_not_back_to_where_it_came_from(shared_house: House, tx: Transaction) -> None:
    await a_node(tx, building.SOURCE)
    await a_node(tx)
    await routing.add_rule(tx, SYSTEM, Rule(building.SOURCE))
    await routing.add_rule(tx, SYSTEM, Rule("PACS2", calling_ae_title=building.SOURCE))
    images = await a_study(shared_house, tx)
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2"]


async def test_node_that_is_gone(shared_house: House, tx: Transaction) -> None:
    """The rule cannot be followed; that does not hold up the news of the study."""
    await a_node(tx)
    await routing.add_rule(tx, SYSTEM, Rule("PACS2"))
    await access.remove_node(tx, SYSTEM, "PACS2")
    images = await a_study(shared_house, tx)
    await complete(tx, images)
    assert await queued(tx, images) == []
    await a_node(tx)
    await complete(tx, images)
    assert await queued(tx, images) == ["PACS2"]

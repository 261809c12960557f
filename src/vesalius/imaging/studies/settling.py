"""When a study is complete: nothing new for the quiet time (setting `study_quiet_seconds`).

DICOM has no word for the end of a study, so the house waits. A study that gets another instance
later is arriving again when its news is heard, and complete again after the next quiet time.
"""

from datetime import timedelta

from vesalius.imaging.studies.composing import project_study
from vesalius.imaging.studies.events import StudyComplete
from vesalius.kit import jobs
from vesalius.kit.database import Database
from vesalius.kit.transaction import Transaction
from vesalius.stores import archive, record
from vesalius.stores.access import SYSTEM

BATCH = 50
RECOUNT = timedelta(seconds=1)


@jobs.every(1.0, "settle studies")
async def settle_studies(database: Database) -> None:
    """Complete every study that has been quiet long enough, a few in each transaction."""
    while True:
        async with database.transaction() as tx:
            if await settle(tx) < BATCH:
                return


async def settle(tx: Transaction) -> int:
    """Complete the studies that are quiet now; how many."""
    quiet = tx.now - timedelta(seconds=tx.settings.study_quiet_seconds)
    rows = await tx.fetch_all(
        "SELECT study_instance_uid FROM imaging_study"
        " WHERE state = 'arriving' AND arrived <= %s ORDER BY arrived LIMIT 1000",
        (quiet,),
    )
    done = 0
    for row in rows:
        uid = row["study_instance_uid"]
        study = await archive.study(tx, SYSTEM, uid)
        if study.last_stored <= quiet:
            await _complete(tx, uid)
            done += 1
        if done == BATCH:
            break
    return done


async def _complete(tx: Transaction, study_instance_uid: str) -> None:
    row = await tx.fetch_one(
        "UPDATE imaging_study SET state = 'complete', completed = %s"
        " WHERE study_instance_uid = %s AND state = 'arriving' RETURNING id, patient_reference",
        (tx.now, study_instance_uid),
    )
    if row is None:
        return
    body = await project_study(tx, study_instance_uid)
    await record.keep_version(tx, "ImagingStudy", row["id"], body)
    tx.announce(StudyComplete(study_instance_uid, row["patient_reference"]))


async def recount(tx: Transaction, study_instance_uid: str) -> None:
    """Tell lists and ETags of instances that came, and open a complete study that got more.

    At most once a second for each study: what comes after the last count is counted when the
    study settles.
    """
    row = await tx.fetch_one(
        "SELECT state, instance_count, counted FROM imaging_study"
        " WHERE study_instance_uid = %s FOR UPDATE",
        (study_instance_uid,),
    )
    if row is None:
        return
    if row["state"] == "complete":
        held = await archive.study(tx, SYSTEM, study_instance_uid)
        if held.instance_count == row["instance_count"]:
            return
        await tx.execute(
            "UPDATE imaging_study SET state = 'arriving' WHERE study_instance_uid = %s",
            (study_instance_uid,),
        )
    elif row["counted"] is not None and tx.now - row["counted"] < RECOUNT:
        return
    await project_study(tx, study_instance_uid, arriving=True)

"""Tables of worklist."""

from alembic import op

from vesalius.migrations import run

revision = "0008"
down_revision = "0007"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

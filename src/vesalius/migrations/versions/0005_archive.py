"""Tables of archive."""

from alembic import op

from vesalius.migrations import run

revision = "0005"
down_revision = "0004"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

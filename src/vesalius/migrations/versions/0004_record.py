"""Tables of record."""

from alembic import op

from vesalius.migrations import run

revision = "0004"
down_revision = "0003"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

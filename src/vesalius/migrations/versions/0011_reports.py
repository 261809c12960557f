"""Tables of reports."""

from alembic import op

from vesalius.migrations import run

revision = "0011"
down_revision = "0010"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

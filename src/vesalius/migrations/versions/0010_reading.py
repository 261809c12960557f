"""Tables of reading."""

from alembic import op

from vesalius.migrations import run

revision = "0010"
down_revision = "0009"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

"""Tables of studies."""

from alembic import op

from vesalius.migrations import run

revision = "0009"
down_revision = "0008"

SQL = """
"""


def upgrade() -> None:
    run(op.get_bind(), SQL)

"""Tables of worklist."""

from alembic import op

revision = "0008"
down_revision = "0007"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

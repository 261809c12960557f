"""Tables of record."""

from alembic import op

revision = "0004"
down_revision = "0003"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

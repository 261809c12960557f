"""Tables of access."""

from alembic import op

revision = "0003"
down_revision = "0002"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

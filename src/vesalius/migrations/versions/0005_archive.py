"""Tables of archive."""

from alembic import op

revision = "0005"
down_revision = "0004"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

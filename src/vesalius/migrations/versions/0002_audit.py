"""Tables of audit."""

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

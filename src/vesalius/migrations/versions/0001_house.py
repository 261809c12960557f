"""Tables of house."""

from alembic import op

revision = "0001"
down_revision = None

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

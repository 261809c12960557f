"""Tables of orders."""

from alembic import op

revision = "0007"
down_revision = "0006"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

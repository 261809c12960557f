"""Tables of reports."""

from alembic import op

revision = "0011"
down_revision = "0010"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

"""Tables of reading."""

from alembic import op

revision = "0010"
down_revision = "0009"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

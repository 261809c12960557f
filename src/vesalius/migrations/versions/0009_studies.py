"""Tables of studies."""

from alembic import op

revision = "0009"
down_revision = "0008"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

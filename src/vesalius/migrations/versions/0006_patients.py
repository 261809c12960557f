"""Tables of patients."""

from alembic import op

revision = "0006"
down_revision = "0005"

SQL = """
"""


def upgrade() -> None:
    if SQL.strip():
        op.get_bind().exec_driver_sql(SQL)

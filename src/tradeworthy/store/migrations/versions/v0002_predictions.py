"""Prediction markets: markets, opportunities, allocations, and what their trades and requests add to rows."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NEW_TABLES = "markets opportunities allocations"
NEW_COLUMNS = {
    "candidates": "strategy legs",
    "orders": "leg_no",
    "fills": "latency_ms",
    "trades": "strategy market outcome token entry_order liquidity",
    "positions": "strategy market outcome",
}


def upgrade() -> None:
    run(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP VIEW paper_trades")
    for table in NEW_TABLES.split():
        op.drop_table(table)
    for table, columns in NEW_COLUMNS.items():
        for column in columns.split():
            op.drop_column(table, column)
    before = Path(__file__).with_name("v0001_spine.sql").read_text(encoding="utf-8")
    run(before[before.index("CREATE VIEW paper_trades") :])


def run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement.replace(":", r"\:"))

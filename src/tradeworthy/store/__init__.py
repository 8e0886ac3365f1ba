"""PostgreSQL: the schema, the embedded server, the projector that fills the tables, and the queries on them."""

from typing import Any

__all__ = ["init_db"]


def __getattr__(name: str) -> Any:
    """Load the coroutine `init_db` when it is asked for: SQLAlchemy and Alembic are slow to import."""
    if name == "init_db":
        from tradeworthy.store.migrating import init_db

        return init_db
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Values as the API says them: money is text, so that no reader rounds it; what is no number is null."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainSerializer


def told(value: Any) -> Any:
    """A value of any shape as JSON has it: money as text, NaN and infinities as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else None
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(name): told(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    return value


Money = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:f}", return_type=str),
    Field(json_schema_extra={"format": "decimal"}),
]
"""An amount, a price or a quantity, exact."""

Number = Annotated[float | None, BeforeValidator(told)]
"""A figure that was measured or computed."""

Figures = Annotated[dict[str, Any], BeforeValidator(lambda value: told(value or {}))]
"""Figures by name."""

Objects = Annotated[list[dict[str, Any]], BeforeValidator(lambda value: told(value or []))]
"""Things with names of their own."""

"""The base of all configured sections."""

import pydantic
import pytest

from tradeworthy.core.settings import Settings


class Section(Settings):
    """One field."""

    share: float = 1.0


@pytest.mark.parametrize("fields", [{"shares": 0.5}, {"share": "much"}, {"share": float("nan")}])
def test_a_section_refuses_what_it_does_not_know(fields: dict[str, object]) -> None:
    """An unknown key, a wrong type and a NaN are errors that name the field."""
    with pytest.raises(pydantic.ValidationError, match="share"):
        Section.model_validate(fields)


def test_a_section_stays_as_it_was_read() -> None:
    """Nobody changes a configuration in mid-run."""
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Section().share = 0.5  # type: ignore[misc]

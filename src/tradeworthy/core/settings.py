"""The base of every configured section: frozen, and an unknown key is an error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A section of a configuration file. Rooms subclass it for their own; runtime composes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

"""The custom fields and marketing channels of the account: rows may only use those that exist.

`admin` mounts it. In the product they are made in the settings or by endpoints of their own; the
six types of fields and the three answers of a channel are documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from mateo_emulator.errors import ApiError
from mateo_emulator.records.fields import known_keys
from mateo_emulator.sandbox.json_body import json_object
from mateo_emulator.settings import Entity, FieldKind

if TYPE_CHECKING:
    from starlette.requests import Request

    from mateo_emulator.emulator import MateoEmulator


class NewField(BaseModel):
    """A custom field that rows of an entity may hold from now on."""

    model_config = ConfigDict(extra="forbid")

    entity: Entity = "contact"
    key: str = Field(min_length=1)
    type: FieldKind


class NewChannel(BaseModel):
    """A marketing channel that contacts may be asked for from now on."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1)


class Definitions:
    """The endpoints for what rows may hold besides the documented columns."""

    def __init__(self, emulator: MateoEmulator) -> None:
        self._emulator = emulator

    async def fields(self, _: Request) -> Response:
        """All custom fields."""
        items = [
            {"entity": entity, "key": key, "type": kind}
            for entity, fields in self._emulator.behaviour.custom_fields.items()
            for key, kind in fields.items()
        ]
        return JSONResponse({"items": items})

    async def add_field(self, request: Request) -> Response:
        """Define a custom field; 409 when the key is taken."""
        new = NewField.model_validate(await json_object(request))
        self._refuse_taken(new.entity, new.key)
        fields = self._emulator.behaviour.custom_fields
        await self._change_fields({**fields.get(new.entity, {}), new.key: new.type}, new.entity)
        return JSONResponse(new.model_dump(), 201)

    async def delete_field(self, request: Request) -> Response:
        """Forget a custom field; what contacts hold under its key stays."""
        entity, key = request.path_params["entity"], request.path_params["key"]
        fields = dict(self._emulator.behaviour.custom_fields.get(entity, {}))
        if fields.pop(key, None) is None:
            raise ApiError(404, "404", "No such custom field")
        await self._change_fields(fields, entity)
        return await self.fields(request)

    async def channels(self, _: Request) -> Response:
        """All marketing channels."""
        items = [{"key": key} for key in self._emulator.behaviour.marketing_channels]
        return JSONResponse({"items": items})

    async def add_channel(self, request: Request) -> Response:
        """Define a marketing channel; 409 when the key is taken."""
        new = NewChannel.model_validate(await json_object(request))
        self._refuse_taken("contact", new.key)
        channels = [*self._emulator.behaviour.marketing_channels, new.key]
        await self._emulator.change_behaviour({"marketing_channels": channels})
        return JSONResponse(new.model_dump(), 201)

    async def delete_channel(self, request: Request) -> Response:
        """Forget a marketing channel; what contacts have answered stays."""
        channels = list(self._emulator.behaviour.marketing_channels)
        if request.path_params["key"] not in channels:
            raise ApiError(404, "404", "No such marketing channel")
        channels.remove(request.path_params["key"])
        await self._emulator.change_behaviour({"marketing_channels": channels})
        return await self.channels(request)

    async def _change_fields(self, fields: Mapping[str, FieldKind], entity: str) -> None:
        known = self._emulator.behaviour.custom_fields.items()
        changed: dict[str, object] = {name: kinds for name, kinds in known if name != entity}
        changed[entity] = fields
        await self._emulator.change_behaviour({"custom_fields": changed})

    def _refuse_taken(self, entity: Entity, key: str) -> None:
        if key in known_keys(entity, self._emulator.behaviour):
            raise ApiError(409, "23505", f'the key "{key}" is taken')

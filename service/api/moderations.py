"""`/v1/moderations` as OpenAI's clients call it, our own flags beside its categories."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.calling import CallerOf, StationsOf
from service.clock import new_id
from service.errors import InvalidInput
from service.intake.post import BODY_LIMIT, clean_text
from service.integrations.moderations import result_for
from service.people.permissions import require

router = APIRouter(tags=["moderations"])
InputText = Annotated[str, Field(max_length=BODY_LIMIT), AfterValidator(clean_text)]


class InputPart(BaseModel):
    """One part of a multi-part input; only text is read."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: InputText | None = None


class AskedModeration(BaseModel):
    """OpenAI's request: one text, several, or text parts."""

    model_config = ConfigDict(extra="forbid")

    input: (
        InputText | Annotated[list[InputText], Field(max_length=32)] | Annotated[list[InputPart], Field(max_length=32)]
    )
    model: Annotated[str, Field(max_length=200)] | None = None

    def texts(self) -> list[str]:
        """What is to be read, in order. Raises InvalidInput for images and for nothing at all."""
        if isinstance(self.input, str):
            return [self.input]
        texts: list[str] = []
        for index, part in enumerate(self.input):
            if isinstance(part, InputPart):
                if part.text is None:
                    raise InvalidInput(
                        f"only parts of type text are read, not {part.type[:40]}", field=f"input.{index}"
                    )
                texts.append(part.text)
            else:
                texts.append(str(part))
        if not texts:
            raise InvalidInput("there is nothing to read", field="input")
        return texts


@router.post("/v1/moderations")
def moderate(asked: AskedModeration, stations: StationsOf, caller: CallerOf) -> dict[str, Any]:
    """Read texts against the policy; nothing is stored."""
    require(caller, "moderations")
    site = caller.site if caller.site != "*" else stations.settings.sample_site
    results = [result_for(stations.readers, site, text) for text in asked.texts()]
    return {"id": f"modr-{new_id()}", "model": stations.moderation_model, "results": results}

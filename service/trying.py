"""Assess a post without keeping anything: behind `/v1/try`, the `/try` page and `answerloop assess`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.assess_post import as_assessment, read_post
from service.clock import new_id
from service.drafting.draft import WrittenDraft
from service.errors import AnswerloopError, InvalidInput
from service.intake.post import BODY_LIMIT, KIND_UNSAID, TITLE_LIMIT, Format, Kind, NewPost, SiteName, clean_text
from service.stations import Stations


class AskedTry(BaseModel):
    """A post to be assessed and forgotten."""

    model_config = ConfigDict(extra="forbid")

    site: SiteName
    title: Annotated[str, Field(max_length=TITLE_LIMIT), AfterValidator(clean_text)] = ""
    body: Annotated[str, Field(max_length=BODY_LIMIT), AfterValidator(clean_text)] = ""
    format: Format = "markdown"
    kind: Annotated[Kind | None, Field(description=KIND_UNSAID)] = None
    draft: bool = False


def try_post(stations: Stations, asked: AskedTry) -> dict[str, Any]:
    """The assessment, and the draft where one is asked for: `{assessment, draft}`; nothing is stored.

    Raises InvalidInput for a post without any text.
    """
    if not asked.title.strip() and not asked.body.strip():
        raise InvalidInput("a post has a title or a body", field="body")
    sent = NewPost.model_validate({"external_id": "-"} | asked.model_dump(exclude={"draft"}, exclude_none=True))
    read = read_post(stations.readers, sent)
    made = as_assessment(read, sent, new_id(), stations.clock())
    draft: WrittenDraft | None = None
    if asked.draft and stations.settings.drafts_enabled:
        try:
            draft = stations.deep_lane.drafter.write(
                sent, read.readable, read.evidence, read.route, lang=read.readable.lang, today=stations.clock().date()
            )
        except AnswerloopError as failure:
            draft = WrittenDraft(status="failed", abstained_because=failure.code)
    return {
        "assessment": made.model_dump(mode="json"),
        "draft": draft.model_dump(mode="json") if draft is not None else None,
    }

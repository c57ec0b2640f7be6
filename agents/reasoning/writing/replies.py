"""What a model hands back when it writes: sentences, each with the facts it rests on."""

from typing import Annotated

from pydantic import BaseModel, Field

# Told to the model and not demanded: one sentence too long or too many costs that sentence alone.
Sentence = Annotated[str, Field(json_schema_extra={"maxLength": 300})]
Refs = Annotated[list[str], Field(json_schema_extra={"maxItems": 4})]


class Written(BaseModel):
    """One sentence of a model's."""

    text: Sentence = Field(description="one sentence")
    refs: Refs = Field(description="ids of the facts it rests on: C1, T4, E12")


Section = Annotated[list[Written], Field(json_schema_extra={"maxItems": 4})]


class PostmortemReply(BaseModel):
    """The sections that a model writes; the five whys stay as the investigation found them."""

    summary: Section = Field(default_factory=list, description="what, why, what ended it")
    impact: Section = Field(default_factory=list, description="who was hurt, how much")
    causes: Section = Field(default_factory=list, description="cause, for and against it")
    trigger: Section = Field(default_factory=list, description="what set it off")
    detection: Section = Field(default_factory=list, description="how it was noticed")
    resolution: Section = Field(default_factory=list, description="actions, and what they did")
    well: Section = Field(default_factory=list, description="what went well")
    wrong: Section = Field(default_factory=list, description="what could be better")
    lucky: Section = Field(default_factory=list, description="where we got lucky")


class MessagesReply(BaseModel):
    """What each audience is told beyond the fixed facts of its message."""

    engineering: Section = Field(default_factory=list, description="known and done so far")
    executives: Section = Field(default_factory=list, description="what it means")
    support: Section = Field(default_factory=list, description="what customers meet")
    status_page: Section = Field(default_factory=list, description="public; P facts only")
    customers: Section = Field(default_factory=list, description="public; P facts only")

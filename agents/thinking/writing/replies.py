"""What a model hands back when it writes: sentences, each with the facts it rests on."""

from pydantic import BaseModel, Field


class Written(BaseModel):
    """One sentence of a model's."""

    text: str = Field(description="one sentence")
    refs: list[str] = Field(description="ids of the facts it rests on: C1, T4, E12")


class PostmortemReply(BaseModel):
    """The sections that a model writes; the five whys stay as the investigation found them."""

    summary: list[Written] = Field(default_factory=list, description="what, why, what ended it")
    impact: list[Written] = Field(default_factory=list, description="who was hurt, how much")
    causes: list[Written] = Field(default_factory=list, description="cause, for and against it")
    trigger: list[Written] = Field(default_factory=list, description="what set it off")
    detection: list[Written] = Field(default_factory=list, description="how it was noticed")
    resolution: list[Written] = Field(
        default_factory=list, description="actions, and what they did"
    )
    well: list[Written] = Field(default_factory=list, description="what went well")
    wrong: list[Written] = Field(default_factory=list, description="what could be better")
    lucky: list[Written] = Field(default_factory=list, description="where we got lucky")


class MessagesReply(BaseModel):
    """What each audience is told beyond the fixed facts of its message."""

    engineering: list[Written] = Field(default_factory=list, description="known and done so far")
    executives: list[Written] = Field(default_factory=list, description="what it means")
    support: list[Written] = Field(default_factory=list, description="what customers meet")
    status_page: list[Written] = Field(default_factory=list, description="public; P facts only")
    customers: list[Written] = Field(default_factory=list, description="public; P facts only")

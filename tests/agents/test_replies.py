"""What a reply may get a little wrong without being lost."""

from warroom.agents.reasoning.replies import LINE, Reply


def test_a_sentence_that_is_too_long_loses_its_end_alone() -> None:
    reply = Reply(summary="x" * 230, inconclusive=False, claims=[], instructions_seen=[])
    assert len(reply.summary) == LINE and reply.summary.endswith("…")
    assert Reply.model_json_schema()["properties"]["summary"]["maxLength"] == LINE

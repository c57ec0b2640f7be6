"""A postmortem's text, paragraph by paragraph."""

from warroom.app.postmortem_text import paragraphs
from warroom.prompts.values import data


def test_a_paragraph_is_read_without_marks_of_markdown_and_references():
    said = "session idle_in_tx of <a|b> & `x`"
    (found,) = paragraphs(f"## Cause\n\n- **What** began it: {data(said)} [E7]\n")
    assert (found.bare, found.refs) == (f"What began it: {said}", ("E7",))

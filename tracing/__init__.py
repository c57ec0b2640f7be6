"""Traces of what a response does, by OpenTelemetry's conventions for generative AI.

    begin(settings)                                      once, at the edge of the process
    with node_span("debugger", 4, "INC-…"):              invoke_agent debugger
        with model_span(ask, "gpt-x") as span:           chat gpt-x
            span.answered(answer)
        with tool_span("read_metrics", {…}) as span:     execute_tool read_metrics
            span.kept(result)

Without `begin`, or with tracing off, nothing is recorded and OpenTelemetry's SDK is not imported.
"""

from .spans import asked_as, begin, end, model_span, node_span, tool_span

__all__ = ["asked_as", "begin", "end", "model_span", "node_span", "tool_span"]

"""LangGraph's side: nodes, gates, effects, and what a step gets to see."""

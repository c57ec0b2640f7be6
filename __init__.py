"""Warroom: a multi-agent incident responder that proves every word.

Start reading at `graph.py`: it shows the five phases on one screen.
"""

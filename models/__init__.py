"""The model boundary: what a specialist asks, who answers, what it costs, what goes wrong.

protocol.py says what a model is; everything else here is one, wraps one, or accounts for one.
"""

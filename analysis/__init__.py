"""Pure maths on arrays: anomalies, onsets, traces, templates, fusion. No I/O."""

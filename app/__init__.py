"""The one door: open a context of work, take alerts in, run, decide, and read the record.

The console, drills and evaluations are its clients, and so is whatever else shows or serves an
incident. Nobody else opens a store or a response context.

    opening      a context of work from settings and sources, and how to open it again
    work         take a delivery in, run an incident with whoever decides, resume it
    decisions    approve, reject, edit: the rules of an answer
    record       the incidents there are, one of them, its files
    files        what is written into an incident's folder; charts/ draws it
"""

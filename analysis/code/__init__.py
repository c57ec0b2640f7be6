"""What a change does, in the words of code, settings and failures, and whether it fits."""

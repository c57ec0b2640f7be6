"""On call: who is on when, who is told after whom. Pure: no file, no socket, no clock."""

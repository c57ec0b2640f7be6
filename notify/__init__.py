"""How messages reach people: by mail and by whatever apprise speaks, in texts as each takes."""

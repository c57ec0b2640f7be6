"""Every prompt and every text as Markdown, strictly rendered."""

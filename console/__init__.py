"""The command line: words, screens and exit codes; the rules stand in app/."""

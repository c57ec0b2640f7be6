"""The service that a team runs: HTTP in front of the record, a worker behind it."""

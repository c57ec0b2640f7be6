"""The record: our own tables, the truth about alerts, incidents, approvals and effects."""

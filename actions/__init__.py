"""What may be done about an incident: one file an action, over the capabilities of a target."""

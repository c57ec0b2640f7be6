"""What may be done about an incident: one class an action, over the capabilities of a target."""

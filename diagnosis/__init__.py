"""The quick diagnostic: what a person would look at first, asked all at once. It needs no database
of ours, no service and no model, and changes nothing."""

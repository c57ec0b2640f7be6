"""What people see in a browser: one file a group of pages, templates and static files beside it."""

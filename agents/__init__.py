"""The seven specialists: each file a playbook and its steps; steps.py has the thirteen."""

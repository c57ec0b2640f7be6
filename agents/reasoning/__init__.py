"""How a model thinks on top of a playbook, and how code checks what it says."""

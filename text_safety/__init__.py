"""Text that others wrote, and text of ours: does it give orders, does it blame people?"""

"""Where the time and the room go: bottleneck, statements, balance, caches, leaks, sizing."""

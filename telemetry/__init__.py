"""The recording that the engine reads, its sources, signals, alerts, detector."""

"""Taking alerts in: received, kept once, grouped into incidents before any model is asked."""

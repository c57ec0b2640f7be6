"""Taking alerts in: received, written down once, grouped into incidents before any model is asked."""

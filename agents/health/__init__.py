"""How the floor concludes: level, noise, onset, causes ranked, remedies, verification."""

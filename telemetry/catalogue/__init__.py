"""What a team wrote down of its services: Backstage and OpenSLO files, and one that is inferred."""

"""What would have warned earlier and hurt less, by kind of fault."""

"""What people are told, out of the record and in words that they would use."""

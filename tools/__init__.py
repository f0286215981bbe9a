"""What keeps the house in order: checks and generators, never imported by the product."""

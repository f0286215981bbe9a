"""Who proves people for us."""

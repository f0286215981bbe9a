"""What each event says, and to whom: one module per domain."""

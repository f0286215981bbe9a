"""The reader's messages."""

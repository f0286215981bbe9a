"""The JSON edge of accounts."""

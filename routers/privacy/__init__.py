"""The JSON edge of a person's rights over their own data."""

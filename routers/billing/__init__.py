"""The JSON edge of bills."""

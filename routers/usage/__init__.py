"""The JSON edge of usage."""

"""The JSON edge for programs of the supplier."""

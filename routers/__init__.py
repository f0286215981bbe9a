"""The JSON edge: one folder per domain; each endpoint translates, calls once, translates back."""

"""The customer's pages: each a GET, its forms POSTs, one call into the domain each."""

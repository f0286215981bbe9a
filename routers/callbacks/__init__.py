"""What providers call: verified, kept once, applied, and acknowledged after the commit."""

"""The JSON edge of identity: codes, tokens, the caller, and the caller's devices."""

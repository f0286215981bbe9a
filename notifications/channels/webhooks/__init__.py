"""The network's side of webhooks: whether a target may be called, and the call, over the address that was judged."""

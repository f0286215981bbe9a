"""What to say, to whom, by which channel: one subscriber of events among others.

Owns `message`, `message_attempt` and `message_finding`. A handler turns an event into rows in the relay's
transaction; senders claim rows, so a lost or doubled hint does no harm. A message whose answer was lost is never sent
again blindly: the provider is asked first. Nothing below imports this package, and no event waits for a provider.
"""

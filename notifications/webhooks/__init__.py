"""Telling programs: webhooks as the Standard Webhooks specification has them, one subscriber of events among others.

Owns `webhook_endpoint` and `webhook_delivery`. A handler turns a fact into one row per endpoint that listens, in the
relay's transaction; a sender takes up one row at a time per endpoint, so what an endpoint is told comes in one order.
What is told has ids, numbers and amounts, never a person. The target is judged when it is given and at every call.
"""

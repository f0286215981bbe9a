"""Who is supplied where, and who may act for them: units, customers, accounts, premises, agreements, meters, grants.

Publishes AccountLinked. Never moves money, never knows a bill beyond the amount of the latest (half of the proof of
ownership), and never lets a name, a telephone number or a door leave the vault unasked.
"""

"""Aliyun SMS (Dysmsapi 2017-05-25) from the provider's side: sending, asking what became of it, receipts.

Keeps `message`, and the address of receipts in `setting`. Another action is a function of `messages` and a line in
`api`.
"""

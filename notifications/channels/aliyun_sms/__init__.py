"""Aliyun SMS (Dysmsapi 2017-05-25): sending, asking for details, reading receipts.

The provider has no idempotency: a repeated call is a second message. So each attempt carries its id as OutId, and a
lost answer is looked up by telephone, day and OutId.
"""

"""WeChat Pay API v3 from the platform's side: orders, notices of payment, certificates, daily bills, the payer's page.

Keeps `pay_order`. What another operation needs (refunds are the next) is another module here and another kind of news
in `notifications`.
"""

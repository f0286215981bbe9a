"""WeChat Pay API v3 from the platform's side: orders, refunds, their notices, certificates, daily bills, pages.

Keeps `pay_order` and `pay_refund`. What another operation needs is another module here and another kind of news in
`notifications`.
"""

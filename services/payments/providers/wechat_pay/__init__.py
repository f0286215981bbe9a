"""WeChat Pay API v3 for a merchant: native, H5, JSAPI and app payments, query, close, callbacks.

Everything that is known of the provider's wire format is in this folder. Marked as remembered, not verified, in the
provider's documents, and therefore only here: the life of a prepay answer (two hours; h5_url five minutes), that
repeated notifications are signed anew, the spelling of some error codes (compared without underscores).
"""

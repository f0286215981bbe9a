"""Who somebody is: people, one-time codes, signed-in devices and their tokens.

Owns `app_user`, `otp_challenge`, `sign_in_limit`, `sign_in_budget`, `session_family` and `refresh_token`. Publishes
SessionFamilyRevoked. Never: keeps a code, a token or a cookie that could be used again, says whether a telephone number
is known, decides what a person may do.
"""

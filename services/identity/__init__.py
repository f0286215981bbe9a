"""Who somebody is: people and staff, one-time codes, signed-in devices and their tokens.

Owns `app_user`, `otp_challenge`, `sign_in_limit`, `sign_in_budget`, `session_family`, `refresh_token`, `staff`,
`staff_session`, `staff_invitation`, `staff_recovery_code`, `staff_filter` and `staff_columns`. Publishes
SessionFamilyRevoked and WechatJoined. Never: keeps a code, a password, a token or a cookie that could be used again,
says whether a telephone number or a name is known, decides what somebody may do.
"""

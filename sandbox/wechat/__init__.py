"""WeChat's open platform: sign-in codes, access tokens, telephone numbers, OAuth, and messages of people."""

"""WeChat's open platform: codes, access tokens, telephone numbers, and the messages that it sends to us."""

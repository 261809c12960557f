"""The doors: each parses its protocol, calls one room, and answers in its protocol's words."""

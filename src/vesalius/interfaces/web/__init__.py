"""The browser application and its JSON API at /api."""

"""Connections to PostgreSQL and statements on them, below transactions and rooms."""

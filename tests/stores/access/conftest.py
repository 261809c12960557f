"""A transaction on a house shared by the worker's tests, rolled back after each."""

from tests.river import shared_house, tx

__all__ = ["shared_house", "tx"]

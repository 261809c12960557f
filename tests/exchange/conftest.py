"""Tests here share one house for what is rolled back anyway; who commits asks for `house`."""

from tests.river import shared_house, tx

__all__ = ["shared_house", "tx"]

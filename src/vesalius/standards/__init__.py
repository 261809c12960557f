"""What the books say: pure functions, one folder a standard, and maps between them."""

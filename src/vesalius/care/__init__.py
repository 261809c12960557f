"""What is done for a patient: identity, orders, and later encounters, charting, medications."""

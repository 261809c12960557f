"""What the house is built with; knows nothing of medicine."""

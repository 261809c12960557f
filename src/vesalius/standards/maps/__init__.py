"""Maps between the standards, one file per pair: from one book's words to another's."""

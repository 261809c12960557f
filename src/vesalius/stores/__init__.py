"""The state of the house: record, archive, terminology, access, audit."""

"""The imaging river: worklist → studies → reading → reports."""

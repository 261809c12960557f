"""FHIR R4 over HTTP, at /fhir: parses, calls the record, answers in the standard's words.

Where things are: every route in `routes.py`, every error in `outcomes.py`, what we claim in
`capability.py` (and, made from it, docs/conformance/fhir.md).
"""

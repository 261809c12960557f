"""Patient identity and the head of the chart.

register    a new patient, one number one person
search      the one box: names in any script, numbers, birth dates
match       whose images are these, and who else could it be
banner, summary, timeline    the chart on one screen
"""

from vesalius.care.patients.cards import Card, card, cards, identifiers, refresh
from vesalius.care.patients.chart import banner, card_json, concept_text, summary
from vesalius.care.patients.events import PatientIdentified
from vesalius.care.patients.lending import lend
from vesalius.care.patients.matching import Identity, Match, Proposal, match
from vesalius.care.patients.names import fold, tokens
from vesalius.care.patients.registration import register
from vesalius.care.patients.searching import search
from vesalius.care.patients.timeline import timeline

__all__ = [
    "Card",
    "Identity",
    "Match",
    "PatientIdentified",
    "Proposal",
    "banner",
    "card",
    "card_json",
    "cards",
    "concept_text",
    "fold",
    "identifiers",
    "lend",
    "match",
    "refresh",
    "register",
    "search",
    "summary",
    "timeline",
    "tokens",
]

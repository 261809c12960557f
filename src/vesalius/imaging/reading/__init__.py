"""The reading list: what radiologists and cardiologists have to read, live.

reading_list, reading_item      the list and one row of it
claim, release, claim_next      who reads what
list_study, list_studies_of_order     fed by news of studies and orders
drafted, undrafted, finished    told by reports
"""

from vesalius.imaging.reading.claiming import (
    claim,
    claim_next,
    drafted,
    finished,
    release,
    undrafted,
)
from vesalius.imaging.reading.events import ReadingItemChanged
from vesalius.imaging.reading.items import (
    list_studies_of_order,
    list_study,
    main_modality,
)
from vesalius.imaging.reading.listing import Filters, Item, reading_item, reading_list

__all__ = [
    "Filters",
    "Item",
    "ReadingItemChanged",
    "claim",
    "claim_next",
    "drafted",
    "finished",
    "list_studies_of_order",
    "list_study",
    "main_modality",
    "reading_item",
    "reading_list",
    "release",
    "undrafted",
]

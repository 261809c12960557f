"""The modality worklist: scheduled steps, asked for by modalities and reported back by them.

schedule, withdraw          a step for an order, and away with it
find                        MWL C-FIND (PS3.4 K.6), DICOM JSON in and out
begin_step, change_step     MPPS N-CREATE and N-SET (PS3.4 F.7)
"""

from vesalius.imaging.worklist.events import StepBegun, StepEnded, StepScheduled
from vesalius.imaging.worklist.finding import find
from vesalius.imaging.worklist.performing import (
    DuplicateStep,
    MissingAttribute,
    StepIsFinal,
    UnknownStep,
    begin_step,
    change_step,
)
from vesalius.imaging.worklist.steps import (
    Step,
    schedule,
    step_of_order,
    step_of_study,
    withdraw,
)

__all__ = [
    "DuplicateStep",
    "MissingAttribute",
    "Step",
    "StepBegun",
    "StepEnded",
    "StepIsFinal",
    "StepScheduled",
    "UnknownStep",
    "begin_step",
    "change_step",
    "find",
    "schedule",
    "step_of_order",
    "step_of_study",
    "withdraw",
]

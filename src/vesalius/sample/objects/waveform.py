"""The resting twelve-lead electrocardiogram (PS3.3 A.34.3)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import TwelveLeadECGWaveformStorage

from vesalius.sample.objects.subject import Exam, Subject, coded, start
from vesalius.sample.phantoms import electrocardiogram
from vesalius.sample.phantoms.electrocardiogram import LEADS, Rhythm

#: CID 3001 ECG Leads.
LEAD_CODES = {
    "I": "2:1", "II": "2:2", "III": "2:61", "aVR": "2:62", "aVL": "2:63", "aVF": "2:64",
    "V1": "2:3", "V2": "2:4", "V3": "2:5", "V4": "2:6", "V5": "2:7", "V6": "2:8",
}  # fmt: skip
MICROVOLTS_PER_BIT = 2.5


def twelve_lead(subject: Subject, exam: Exam, rhythm: Rhythm, reading: str) -> Iterator[Dataset]:
    """Ten seconds at 500 Hz with the machine's measurements and its reading as annotations."""
    dataset = start(
        subject, exam, sop_class_uid=TwelveLeadECGWaveformStorage, series_number=1,
        series_description="Resting 12-lead ECG", instance_number=1, seconds=60,
    )  # fmt: skip
    dataset.AcquisitionDateTime = exam.at(60).strftime("%Y%m%d%H%M%S")
    dataset.AcquisitionContextSequence = Sequence([])
    dataset.WaveformSequence = Sequence([_group(electrocardiogram.record(rhythm))])
    dataset.WaveformAnnotationSequence = Sequence(_annotations(rhythm, reading))
    yield dataset


def _group(millivolts: np.ndarray) -> Dataset:
    group = Dataset()
    group.MultiplexGroupLabel = "RHYTHM"
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = len(LEADS)
    group.NumberOfWaveformSamples = millivolts.shape[1]
    group.SamplingFrequency = str(electrocardiogram.SAMPLES_PER_SECOND)
    group.ChannelDefinitionSequence = Sequence([_channel(lead) for lead in LEADS])
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    samples = np.rint(millivolts.T * 1000.0 / MICROVOLTS_PER_BIT).astype("<i2")
    group.add_new("WaveformData", "OW", np.ascontiguousarray(samples).tobytes())
    return group


def _channel(lead: str) -> Dataset:
    channel = Dataset()
    channel.ChannelLabel = lead
    channel.ChannelSourceSequence = Sequence([coded(LEAD_CODES[lead], "MDC", f"Lead {lead}")])
    channel.ChannelSensitivity = str(MICROVOLTS_PER_BIT)
    channel.ChannelSensitivityUnitsSequence = Sequence([coded("uV", "UCUM", "microvolt")])
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = "0"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = 16
    channel.FilterLowFrequency, channel.FilterHighFrequency = "0.05", "150"
    return channel


def _annotations(rhythm: Rhythm, reading: str) -> list[Dataset]:
    milliseconds = coded("ms", "UCUM", "millisecond")
    measures = (
        ("2:16168", "RR interval global", 60000.0 / rhythm.rate),
        ("2:15872", "PR interval global", rhythm.pr),
        ("2:16156", "QRS duration global", rhythm.qrs),
        ("2:16160", "QT interval global", rhythm.qt),
        ("2:15880", "QTc global using Bazett formula", rhythm.qtc),
    )
    items = []
    for code, meaning, value in measures:
        item = _annotation()
        item.ConceptNameCodeSequence = Sequence([coded(code, "MDC", meaning)])
        item.NumericValue = f"{value:.0f}"
        item.MeasurementUnitsCodeSequence = Sequence([milliseconds])
        items.append(item)
    words = _annotation()
    words.UnformattedTextValue = reading
    return [*items, words]


def _annotation() -> Dataset:
    item = Dataset()
    item.AnnotationGroupNumber = 1
    item.ReferencedWaveformChannels = [1, 0]
    return item

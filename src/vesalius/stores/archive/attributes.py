"""Which attributes are indexed at which level, and which are answered unasked.

The lists hold the identifying and descriptive attributes of the Patient, Study, Series and
Instance information entities (PS3.3 C.7) that PS3.4 C.6.1.1 and PS3.18 10.6.3 let be matched.
"""

from vesalius.standards.dicom import tag_of
from vesalius.stores.archive.model import Level


def _tags(keywords: str) -> tuple[str, ...]:
    tags = []
    for keyword in keywords.split():
        tag = tag_of(keyword)
        if tag is None:
            raise LookupError(keyword)
        tags.append(tag)
    return tuple(tags)


PATIENT = _tags(
    """PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex
    OtherPatientIDs OtherPatientNames EthnicGroup PatientComments OtherPatientIDsSequence
    IssuerOfPatientIDQualifiersSequence PatientSpeciesDescription ResponsiblePerson
    PatientIdentityRemoved DeidentificationMethod"""
)
STUDY = _tags(
    """StudyInstanceUID StudyDate StudyTime AccessionNumber ReferringPhysicianName
    StudyDescription StudyID PatientAge PatientSize PatientWeight PatientState Occupation
    AdditionalPatientHistory NameOfPhysiciansReadingStudy PhysiciansOfRecord
    AdmittingDiagnosesDescription IssuerOfAccessionNumberSequence ProcedureCodeSequence
    InstitutionName RequestingService AdmissionID TimezoneOffsetFromUTC PregnancyStatus
    MedicalAlerts Allergies ReasonForPerformedProcedureCodeSequence"""
)
SERIES = _tags(
    """SeriesInstanceUID Modality SeriesNumber SeriesDescription SeriesDate SeriesTime
    BodyPartExamined Laterality ProtocolName PatientPosition PerformingPhysicianName
    OperatorsName StationName Manufacturer ManufacturerModelName DeviceSerialNumber
    InstitutionalDepartmentName SoftwareVersions PerformedProcedureStepID
    PerformedProcedureStepStartDate PerformedProcedureStepStartTime
    PerformedProcedureStepDescription RequestAttributesSequence FrameOfReferenceUID
    SeriesDescriptionCodeSequence PresentationIntentType SynchronizationFrameOfReferenceUID
    AnatomicRegionSequence"""
)
INSTANCE = _tags(
    """SOPInstanceUID SOPClassUID InstanceNumber ContentDate ContentTime AcquisitionDate
    AcquisitionTime AcquisitionDateTime AcquisitionNumber ImageType NumberOfFrames Rows Columns
    BitsAllocated BitsStored SamplesPerPixel PhotometricInterpretation PixelRepresentation
    SliceLocation SliceThickness ImagePositionPatient ImageOrientationPatient PixelSpacing
    ImageComments InstanceCreationDate InstanceCreationTime ConceptNameCodeSequence
    ContentLabel ContentDescription ContentCreatorName CompletionFlag VerificationFlag
    PreliminaryFlag DocumentTitle MIMETypeOfEncapsulatedDocument LossyImageCompression
    BurnedInAnnotation ImageLaterality ViewPosition EchoTime RepetitionTime KVP
    WindowCenter WindowWidth TemporalPositionIdentifier FrameTime PlanarConfiguration
    HighBit QualityControlImage"""
)

TAGS_BY_LEVEL: dict[Level, tuple[str, ...]] = {
    "PATIENT": PATIENT,
    "STUDY": STUDY,
    "SERIES": SERIES,
    "IMAGE": INSTANCE,
}
LEVEL_OF: dict[str, Level] = {tag: level for level, tags in TAGS_BY_LEVEL.items() for tag in tags}
WANTED = frozenset(int(tag, 16) for tag in LEVEL_OF) | {0x00080005}

# Computed, not stored (PS3.4 C.3.4, PS3.18 10.6.3.3): where each is known.
CHARACTER_SET = "00080005"
AVAILABILITY = "00080056"
MODALITIES_IN_STUDY = "00080061"
SOP_CLASSES_IN_STUDY = "00080062"
PATIENT_STUDIES, PATIENT_SERIES, PATIENT_INSTANCES = "00201200", "00201202", "00201204"
STUDY_SERIES, STUDY_INSTANCES = "00201206", "00201208"
SERIES_INSTANCES = "00201209"
RETRIEVE_AE_TITLE = "00080054"
COMPUTED: dict[Level, tuple[str, ...]] = {
    "PATIENT": (PATIENT_STUDIES, PATIENT_SERIES, PATIENT_INSTANCES),
    "STUDY": (MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY, STUDY_SERIES, STUDY_INSTANCES),
    "SERIES": (SERIES_INSTANCES,),
    "IMAGE": ("00083002",),
}

# PS3.18 tables 10.6.3-3, -4 and -5: what QIDO-RS answers unasked.
_DEFAULT_STUDY = frozenset(
    (
        *_tags("StudyDate StudyTime AccessionNumber ReferringPhysicianName TimezoneOffsetFromUTC"),
        *_tags("PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex"),
        *_tags("StudyInstanceUID StudyID StudyDescription"),
        AVAILABILITY,
        MODALITIES_IN_STUDY,
        STUDY_SERIES,
        STUDY_INSTANCES,
    )
)
_DEFAULT_SERIES = frozenset(
    (
        *_tags("Modality SeriesDescription SeriesInstanceUID SeriesNumber SeriesDate SeriesTime"),
        *_tags("PerformedProcedureStepStartDate PerformedProcedureStepStartTime"),
        *_tags("RequestAttributesSequence BodyPartExamined StudyInstanceUID"),
        SERIES_INSTANCES,
    )
)
_DEFAULT_INSTANCE = frozenset(
    (
        *_tags("SOPClassUID SOPInstanceUID InstanceNumber Rows Columns BitsAllocated"),
        *_tags("NumberOfFrames StudyInstanceUID SeriesInstanceUID"),
        AVAILABILITY,
    )
)
DEFAULTS: dict[Level, frozenset[str]] = {
    "PATIENT": frozenset(_tags("PatientName PatientID IssuerOfPatientID PatientBirthDate"))
    | frozenset(_tags("PatientSex")),
    "STUDY": _DEFAULT_STUDY,
    "SERIES": _DEFAULT_SERIES,
    "IMAGE": _DEFAULT_INSTANCE,
}

UNIQUE_KEYS: dict[Level, tuple[str, ...]] = {
    "PATIENT": _tags("PatientID"),
    "STUDY": _tags("StudyInstanceUID"),
    "SERIES": _tags("StudyInstanceUID SeriesInstanceUID"),
    "IMAGE": _tags("StudyInstanceUID SeriesInstanceUID SOPInstanceUID"),
}

# From which levels the rows of a query carry attributes.
ABOVE: dict[Level, tuple[Level, ...]] = {
    "PATIENT": ("PATIENT",),
    "STUDY": ("PATIENT", "STUDY"),
    "SERIES": ("PATIENT", "STUDY", "SERIES"),
    "IMAGE": ("PATIENT", "STUDY", "SERIES", "IMAGE"),
}


def findable(level: Level, tag: str) -> bool:
    """Whether `find` at this level can match the attribute."""
    matched = (MODALITIES_IN_STUDY, SOP_CLASSES_IN_STUDY) if level != "PATIENT" else ()
    return tag in matched or LEVEL_OF.get(tag) in ABOVE[level]

"""What was found in a CT: segmentation, measurement report and key images (highdicom)."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from vesalius.sample.objects.subject import Exam, dicom_date, dicom_time, uid
from vesalius.sample.phantoms.body import Nodule
from vesalius.sample.phantoms.grid import Mask

NODULE = Code("27925004", "SCT", "Nodule")
LIVER = Code("10200004", "SCT", "Liver")
UPPER_LOBE = Code("42400003", "SCT", "Upper lobe of right lung")


def segmentation(
    exam: Exam,
    slices: Sequence[Dataset],
    mask: Mask,
    *,
    label: str,
    category: Code,
    kind: Code,
    series_number: int,
    colour: tuple[int, int, int],
) -> Dataset:
    """One segment on the slices it touches; `mask` is on the phantom's half-size grid."""
    touched = np.flatnonzero(mask.any(axis=(1, 2)))
    planes = mask[touched].repeat(2, axis=1).repeat(2, axis=2).astype(np.uint8)
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label=label,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="Phantom contour", version="1", family=codes.DCM.ArtificialIntelligence
        ),
        tracking_uid=str(uid("tracking", exam.key, label)),
        tracking_id=label,
        display_color=hd.color.CIELabColor.from_rgb(*colour),
    )
    result = hd.seg.Segmentation(
        source_images=[slices[int(index)] for index in touched],
        pixel_array=planes,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        series_instance_uid=exam.series_instance_uid(series_number),
        series_number=series_number,
        sop_instance_uid=str(uid("instance", exam.key, series_number, 1)),
        instance_number=1,
        manufacturer="Vesalius",
        manufacturer_model_name="Phantom workstation",
        software_versions="1",
        device_serial_number="WS-1",
        series_description=f"Segmentation {label}",
        content_label="SEGMENTATION",
        content_description=label,
        content_creator_name=exam.operator or None,
    )
    _own_dimension(result, str(uid("dimension", exam.key, label)))
    return _dated(result, exam, 1500)


def _own_dimension(dataset: Dataset, dimension_uid: str) -> None:
    """The library draws this UID at random; ours stays the same from one run to the next."""
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = dimension_uid
    for item in dataset.DimensionIndexSequence:
        item.DimensionOrganizationUID = dimension_uid


def measurement_report(
    exam: Exam, slices: Sequence[Dataset], nodule: Nodule, observer: str
) -> Dataset:
    """A TID 1500 report of the nodule's longest diameter, drawn on the slice it was taken from."""
    image = min(
        slices, key=lambda item: abs(float(item.ImagePositionPatient[2]) - nodule.centre[2])
    )
    line, length = _longest_diameter(image, nodule)
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        graphic_data=line,
        source_image=sr.SourceImageForRegion.from_source_image(image),
    )
    measured = sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=str(uid("tracking", exam.key, "Nodule 1")), identifier="Nodule 1"
        ),
        referenced_region=region,
        finding_type=NODULE,
        finding_sites=[sr.FindingSite(anatomic_location=UPPER_LOBE)],
        measurements=[
            sr.Measurement(
                name=Code("103339001", "SCT", "Long Axis"),
                value=round(length, 1),
                unit=codes.UCUM.Millimeter,
            )
        ],
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(
            observer_person_context=sr.ObserverContext(
                observer_type=codes.DCM.Person,
                observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
                    name=observer
                ),
            )
        ),
        procedure_reported=Code("169069000", "SCT", "CT of chest"),
        imaging_measurements=[measured],
        title=codes.DCM.ImagingMeasurementReport,
    )
    result = sr.ComprehensiveSR(
        evidence=[image],
        content=content,
        series_instance_uid=exam.series_instance_uid(9),
        series_number=9,
        sop_instance_uid=str(uid("instance", exam.key, 9, 1)),
        instance_number=1,
        manufacturer="Vesalius",
        manufacturer_model_name="Phantom workstation",
        series_description="Measurements",
        is_complete=True,
        is_final=True,
        is_verified=False,
    )
    return _dated(result, exam, 1600)


def _longest_diameter(image: Dataset, nodule: Nodule) -> tuple[np.ndarray, float]:
    """The line across the nodule as (column, row) pairs, and its length in millimetres."""
    spacing = float(image.PixelSpacing[0])
    left, top = (float(value) for value in image.ImagePositionPatient[:2])
    height = float(image.ImagePositionPatient[2]) - nodule.centre[2]
    half = float(np.sqrt(max(nodule.radius**2 - height**2, 1.0)))
    column = (nodule.centre[0] - left) / spacing
    row = (nodule.centre[1] - top) / spacing
    reach = half / spacing
    line = np.array([[column - reach, row], [column + reach, row]]) + 0.5
    return line, 2 * half


def key_images(exam: Exam, chosen: Sequence[Dataset], reason: str) -> Dataset:
    """A key object selection of the images worth showing at the conference (TID 2010)."""
    content = hd.ko.KeyObjectSelection(
        document_title=codes.DCM.ForConference,
        referenced_objects=list(chosen),
        description=reason,
    )
    result = hd.ko.KeyObjectSelectionDocument(
        evidence=list(chosen),
        content=content,
        series_instance_uid=exam.series_instance_uid(10),
        series_number=10,
        sop_instance_uid=str(uid("instance", exam.key, 10, 1)),
        instance_number=1,
        manufacturer="Vesalius",
        manufacturer_model_name="Phantom workstation",
        institution_name=None,
    )
    result.SeriesDescription = "Key images"
    return _dated(result, exam, 1700)


def _dated(dataset: Dataset, exam: Exam, seconds: float) -> Dataset:
    """The study's clock instead of this machine's, so that the same demo is the same bytes."""
    moment = exam.at(seconds)
    date, time = dicom_date(moment), dicom_time(moment)
    for keyword in ("InstanceCreationDate", "ContentDate", "SeriesDate"):
        setattr(dataset, keyword, date)
    for keyword in ("InstanceCreationTime", "ContentTime", "SeriesTime"):
        setattr(dataset, keyword, time)
    for item in dataset.get("ContributingEquipmentSequence", []):
        item.ContributionDateTime = date + time
    dataset.StationName, dataset.InstitutionName = "WS1", "Vesalius Sample Hospital"
    return dataset

"""DICOM objects of the phantoms: what a modality would have made of each body."""

from vesalius.sample.objects.subject import Exam, Subject, uid

__all__ = ["Exam", "Subject", "uid"]

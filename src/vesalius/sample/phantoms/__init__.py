"""Anatomy by formula: tissue in millimetres, so that every projection of it agrees.

Each module draws one part of the body and knows nothing of DICOM. A phantom is a function of a
`Grid`, not a fixed array: the same chest is sampled finely in the axial plane for a CT and finely
in the coronal plane for a radiograph, and a lesion sits at the same place in both.

Coordinates are the patient's (PS3.3 C.7.6.2.1.1): x to the left, y to the back, z to the head.
"""

from vesalius.sample.phantoms.grid import Grid

__all__ = ["Grid"]

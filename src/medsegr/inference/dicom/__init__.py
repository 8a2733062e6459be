"""Results as DICOM objects: a segmentation (SEG) and a structured report (SR)."""

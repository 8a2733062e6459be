"""DICOM: files, folders, archives and DICOMDIRs -> stacks of planes in patient space, with their values.

From file to image: ``files`` (which files) -> ``planes`` (what each frame's header says) -> ``stacks`` (which planes
belong together) -> ``slice_order`` (in which order, and where they lie) -> ``reader`` (values, colours, window).
"""

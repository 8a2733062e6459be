"""A plugin of napari: reads folders of results, and outlines what a report says. ``napari.yaml`` is its manifest."""

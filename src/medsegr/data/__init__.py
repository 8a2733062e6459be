"""What enters and leaves: images with their geometry, reports, cases, data sets, output files."""

"""Reports derived from masks and images, for data sets without text."""

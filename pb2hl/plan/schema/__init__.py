"""What has to be in the location before data."""

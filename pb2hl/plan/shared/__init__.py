"""What all planners of one plan share."""

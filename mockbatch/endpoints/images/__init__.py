"""What the endpoints that make images share."""

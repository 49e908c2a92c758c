"""Uploaded and generated files: what they hold and how the API shows them."""

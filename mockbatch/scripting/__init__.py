"""The user's scripted replies."""

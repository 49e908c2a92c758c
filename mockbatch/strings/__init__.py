"""Bounded work on strings that come from clients.

echo       values that error messages repeat: cut
globs      patterns with `*`, `?` and `[...]`, matched in linear time
redaction  paths, URLs and messages as they are kept: cut, and without secrets
"""

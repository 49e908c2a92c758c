"""Fuzzing a served process: `python -m tests.fuzz --seconds 3600`.

__main__   the loop, and the report
attacks    what is sent: one generator for each kind of attack
mutations  how valid JSON, bytes and schemas are changed
target     the server under attack: what it answers, its CPU time and its memory
"""

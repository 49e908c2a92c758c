"""A whole world as JSON: to keep it, to move it, to attach it to a bug report.

    snapshot   a world as a value
    dump       a snapshot as a JSON document
    load       parses and validates such a document; errors name the offending path
    uploads    the part of both that is about uploads

Nothing is lost: an unfinished batch goes on elsewhere as it would have here. What follows from
other values, such as the execution order, is not written but computed again.
"""

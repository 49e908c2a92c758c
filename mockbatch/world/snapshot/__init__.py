"""A whole world as a value and as a JSON document, to keep, move or attach to a bug report.

A world consists of values, so nothing is lost in its document: a batch continues elsewhere as
it would have here. What follows from other values, such as the order in which lines run, is not
in the document but computed again.

    snapshot                           a world as a value
    dump, load                         the document of a snapshot, and back (schema state.json)
    batches, files, uploads, contents  parts of the document, each in both directions
    replies, faults, webhooks, journal more of them
    limits                             what a loaded world may hold
    cursor                             a place in the document, for the errors of `load`
"""

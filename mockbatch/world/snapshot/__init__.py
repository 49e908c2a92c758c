"""A whole world as a value and as a JSON document, to keep, move or attach to a bug report.

A world consists of values, so its document is complete: a batch continues elsewhere as it would
have here. The document leaves out what can be computed from other values, such as the order in
which lines run.

    snapshot                           a world as a value
    take                               the snapshot of a world
    dump, load                         the document of a snapshot, and back (schema state.json)
    batches, files, uploads, contents  parts of the document, each in both directions
    replies, faults, webhooks, journal more of them
    restore                            batches of our own documents, without reading their input
    limits                             how much a loaded world may contain
    cursor                             a place in the document, named in the errors of `load`
"""

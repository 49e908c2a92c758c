"""A whole world as JSON: to keep it, to move it, to attach it to a bug report.

What a world holds are values, so writing them down loses nothing: a batch under way goes on
elsewhere as it would have here. What follows from other values (which lines there are, the
order in which they run) is not written but made again.
"""

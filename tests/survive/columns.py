"""What becomes of each known program in each misfortune of the default list."""

from mockbatch.survive.misfortunes import DEFAULT

HANDLED, REPORTED, CRASHED = "handled", "reported", "crashed"
NEVER, LOST, AGAIN = "never noticed", "lost results", "duplicated work"
WAITS, SLOW, NOT_MET = "waits for ever", "too slow", "not met"

#: What cannot happen to a Message Batch.
NOT_WITH_MESSAGES = (
    *("validation_failed", "enqueued_limit", "finalizing_long", "file_not_visible_yet"),
)

# In the order of the default list. What the programs have in common: they retry no request.
_NO_RETRY = (REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED)
COLUMNS: dict[str, tuple[str, ...]] = {
    "naive": (
        *(NEVER, REPORTED, NEVER, NEVER, WAITS, WAITS, WAITS, HANDLED, NEVER),
        *(CRASHED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
    "careful": (HANDLED,) * len(DEFAULT),
    "counts_sleeps": (
        *(NEVER, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, HANDLED, NEVER),
        *(HANDLED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
    "wall_deadline": (
        *(REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, HANDLED),
        *(REPORTED, HANDLED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
    "monotonic_deadline": (
        *(REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, REPORTED, HANDLED),
        *(REPORTED, HANDLED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
    # It never sleeps: a deadline that it may have cannot come, and a minute passes in no time.
    "busy_poller": (
        *(NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, SLOW, NOT_MET, NEVER),
        *(HANDLED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
    "ignores_errors": (
        *(NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, WAITS, HANDLED, NEVER),
        *(HANDLED, NEVER, HANDLED, *_NO_RETRY, LOST),
    ),
    "submits_again": (
        *(AGAIN, REPORTED, REPORTED, REPORTED, AGAIN, AGAIN, AGAIN, HANDLED, AGAIN),
        *(HANDLED, AGAIN, AGAIN, HANDLED, AGAIN, AGAIN, AGAIN, REPORTED, AGAIN, AGAIN, AGAIN),
    ),
    "swallows_everything": (
        *(NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, WAITS, HANDLED, NEVER, LOST, NEVER, LOST),
        *(NEVER, HANDLED, NEVER, HANDLED, NEVER, LOST, LOST, LOST),
    ),
    # With Anthropic's Message Batches.
    "message_naive": (
        *(NEVER, NEVER, NOT_MET, NOT_MET, NEVER, NEVER, WAITS, NOT_MET, NEVER, CRASHED, NEVER),
        *(CRASHED, NOT_MET, *_NO_RETRY[1:], CRASHED),
    ),
    "message_careful": tuple(NOT_MET if name in NOT_WITH_MESSAGES else HANDLED for name in DEFAULT),
    "sqlite_results": (
        *(HANDLED, HANDLED, NEVER, NEVER, HANDLED, HANDLED, WAITS, HANDLED, HANDLED),
        *(HANDLED, NEVER, CRASHED, *_NO_RETRY, CRASHED),
    ),
}
# The guards of the careful program, and the rows on which it falls without them.
_WITH_ERROR_FILE = (
    *("some_failed", "all_failed", "expired_partial", "expired_empty", "stuck_in_progress"),
    "line_null_response",
)
GUARDS: dict[str, dict[str, str]] = {
    "error file": dict.fromkeys(_WITH_ERROR_FILE, NEVER),
    "batch errors": {"validation_failed": NEVER, "enqueued_limit": NEVER},
    # At its deadline it cancels what has expired, which is refused.
    "expired": {"expired_partial": REPORTED, "expired_empty": REPORTED},
    "deadline": {"stuck_in_progress": WAITS},
    "separators": {"unicode_separators": LOST},
    "broken line": {"garbage_line": CRASHED, "download_truncated_silent": CRASHED},
    "absent": {"missing_lines": NEVER},
    "retry create": {"file_not_visible_yet": REPORTED},
    "not visible": {"batch_not_visible_yet": REPORTED},
    "find": {"create_response_lost": AGAIN},
    "retry poll": {"poll_429": REPORTED, "batch_not_visible_yet": REPORTED},
    "retry download": {"content_5xx": REPORTED, "download_reset": REPORTED},
    "cut": {"download_truncated_silent": LOST},
}
# The guards of the careful program of Message Batches.
MESSAGE_GUARDS: dict[str, dict[str, str]] = {
    "errors": dict.fromkeys((*_WITH_ERROR_FILE, "missing_lines"), NEVER),
    "deadline": {"stuck_in_progress": WAITS},
    "separators": {"unicode_separators": LOST},
    "broken line": {"garbage_line": CRASHED, "download_truncated_silent": CRASHED},
    "find": {"create_response_lost": AGAIN},
    "retry poll": {"poll_429": REPORTED, "batch_not_visible_yet": REPORTED},
    "retry download": {"content_5xx": REPORTED, "download_reset": REPORTED},
    "cut": {"download_truncated_silent": LOST},
}

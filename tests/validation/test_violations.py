"""What a value violates in a schema."""

from mockbatch.validation.schema import schema


def test_each_missing_member_is_one_violation() -> None:
    """However many are missing in one object."""
    violations = schema("create_batch").violations({})
    assert [(one.keyword, one.path) for one in violations] == [
        ("required", ("input_file_id",)),
        ("required", ("endpoint",)),
        ("required", ("completion_window",)),
    ]

"""URL rules without a URL builder."""

from werkzeug.routing import Map, Rule

from mockbatch.web.app import create_app
from mockbatch.web.matching_rule import MatchingRule


def test_it_overrides_a_method_that_werkzeug_has() -> None:
    """Otherwise it would gain nothing."""
    assert callable(Rule._compile_builder)


def test_it_matches_like_any_rule() -> None:
    """With its arguments."""
    urls = Map([MatchingRule("/v1/batches/<id>", endpoint="show")]).bind("localhost")
    assert urls.match("/v1/batches/batch_1") == ("show", {"id": "batch_1"})


def test_all_rules_of_the_app_are_such_rules() -> None:
    """Those of blueprints included."""
    assert {type(rule) for rule in create_app().url_map.iter_rules()} == {MatchingRule}

"""The catalogue of scenarios, and scenarios of one's own."""

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from mockbatch import scenarios
from mockbatch.errors import ApiError
from mockbatch.scenarios.scenario import RECORDED_SECONDS, fill_parameters, parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.settings import happy

if TYPE_CHECKING:
    from tests.conftest import Make


NAMES = sorted(scenarios.catalogue())
PARAMETERS = [
    (name, key, parameter)
    for name in NAMES
    for key, parameter in scenarios.catalogue()[name].get("parameters", {}).items()
]
RANGES = [(*place, given) for *place, given in PARAMETERS if "choices" not in given]
CHOICES = [(*place, given) for *place, given in PARAMETERS if "choices" in given]
DAY = 24 * 3600


def run_to_the_end(
    make: "Make", name: str, count: int = 10, **arguments: object
) -> dict[str, Json]:
    """Return the object of a batch at its end, in a scenario of the catalogue."""
    given = scenarios.scenario(name, arguments)
    batch = make.started(make.world(scenario=given), make.lines(count))
    return batch.as_json(batch.timeline.end.at)


def counts(shown: dict[str, Json]) -> tuple[int, int, int]:
    """Return total, completed and failed."""
    return tuple(shown["request_counts"].values())


def test_the_catalogue_is_named_by_its_files() -> None:
    """Every scenario has the name of its file."""
    folder = resources.files("mockbatch").joinpath("scenarios", "catalogue")
    files = {Path(entry.name) for entry in folder.iterdir()}
    assert {path.stem for path in files if path.suffix == ".json"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_fits_the_schema(name: str) -> None:
    """A document of the catalogue is accepted by scenario.json and can be used."""
    document = scenarios.catalogue()[name]
    assert schema("scenario").error(document) is None
    assert scenarios.scenario(name, {}) == parse(document)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_has_advice(name: str) -> None:
    """A document of the catalogue says in whole sentences what a robust client does."""
    advice = scenarios.catalogue()[name]["advice"]
    assert (advice[:1].isupper(), advice[-1]) == (True, ".")
    assert 60 <= len(advice) <= 320


@pytest.mark.parametrize(("name", "key", "parameter"), RANGES)
def test_every_range_changes_something(name: str, key: str, parameter: Json) -> None:
    """Each parameter of each scenario, put to either bound, makes another scenario."""
    made = [scenarios.scenario(name, {key: parameter[end]}) for end in ("minimum", "maximum")]
    assert made[0] != made[1]


@pytest.mark.parametrize(("name", "key", "parameter"), CHOICES)
def test_every_choice_makes_a_scenario_of_its_own(name: str, key: str, parameter: Json) -> None:
    """Each choice of a parameter can be used, and no two mean the same."""
    made = [scenarios.scenario(name, {key: choice}) for choice in parameter["choices"]]
    assert all(one not in made[:place] for place, one in enumerate(made))


@pytest.mark.parametrize(("name", "key", "parameter"), RANGES)
@pytest.mark.parametrize(("end", "beyond"), [("minimum", -1), ("maximum", 1)])
def test_no_parameter_leaves_its_range(
    name: str, key: str, parameter: Json, end: str, beyond: int
) -> None:
    """A value just outside of a parameter's range is refused by its name."""
    with pytest.raises(ApiError) as refused:
        scenarios.scenario(name, {key: parameter[end] + beyond})
    assert (refused.value.status, refused.value.param) == (400, key)


@pytest.mark.parametrize(("name", "key", "parameter"), CHOICES)
def test_nothing_but_a_choice_can_be_chosen(name: str, key: str, parameter: Json) -> None:
    """What is not among the choices of a parameter is refused by its name."""
    arguments: list[Json] = ["", "nothing of the kind", 1, None, []]
    for argument in arguments:
        with pytest.raises(ApiError) as refused:
            scenarios.scenario(name, {key: argument})
        assert (refused.value.status, refused.value.param) == (400, key)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_lives_through_every_scenario(make: "Make", name: str) -> None:
    """In each scenario, the object at each change fits the schema that it names."""
    world = make.world(scenario=scenarios.scenario(name, {}))
    batch = make.started(world, make.lines(10))
    for change in batch.timeline.transitions:
        world.advance.to(change.at)
        shown = world.batch_json(batch)
        assert schema(batch.schema).error(shown) is None
        assert shown["status"] == batch.status(change.at)


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_has_files_that_can_be_read(make: "Make", name: str) -> None:
    """In each scenario, the files that a batch names are there on its last second."""
    world = make.world(scenario=scenarios.scenario(name, {}))
    batch = make.started(world, make.lines(10))
    world.advance.to(batch.timeline.end.at)
    for id in batch.existing_file_ids(world.now()).values():
        file = world.file(id)
        assert file.as_json()["bytes"] == file.content.size > 0


def test_nothing_goes_wrong_in_happy(make: "Make") -> None:
    """The scenario happy completes with all lines and no error file."""
    shown = run_to_the_end(make, "happy")
    assert (shown["status"], counts(shown)) == ("completed", (10, 10, 0))
    assert shown["error_file_id"] is None


def test_the_default_is_happy() -> None:
    """The scenario of a world that names none is the catalogue's happy, without its texts."""
    in_catalogue = scenarios.scenario("happy", {})
    assert replace(happy(), document=in_catalogue.document) == in_catalogue


def test_instant_is_over_at_once(make: "Make") -> None:
    """In instant a batch is completed on the second of its creation."""
    shown = run_to_the_end(make, "instant")
    assert (shown["status"], shown["completed_at"]) == ("completed", shown["created_at"])


def test_some_lines_fail_in_some_failed(make: "Make") -> None:
    """some_failed completes with both files and a fifth of the lines failed."""
    shown = run_to_the_end(make, "some_failed")
    assert (shown["status"], counts(shown)) == ("completed", (10, 8, 2))
    assert None not in (shown["output_file_id"], shown["error_file_id"])


def test_all_lines_fail_in_all_failed(make: "Make") -> None:
    """all_failed completes without an output file and without errors."""
    shown = run_to_the_end(make, "all_failed")
    assert (shown["status"], counts(shown)) == ("completed", (10, 0, 10))
    assert (shown["output_file_id"], shown["errors"]) == (None, None)
    assert shown["error_file_id"] is not None


def test_some_lines_are_done_in_expired_partial(make: "Make") -> None:
    """expired_partial expires with its window, both files, and nothing counted failed."""
    shown = run_to_the_end(make, "expired_partial", fraction="0.7")
    assert (shown["status"], counts(shown)) == ("expired", (10, 7, 0))
    assert shown["expired_at"] == shown["expires_at"]
    assert None not in (shown["output_file_id"], shown["error_file_id"])


def test_no_line_is_done_in_expired_empty(make: "Make") -> None:
    """expired_empty expires with an error file only."""
    shown = run_to_the_end(make, "expired_empty")
    assert (shown["status"], counts(shown)) == ("expired", (10, 0, 0))
    assert (shown["output_file_id"] is None, shown["error_file_id"] is None) == (True, False)


@pytest.mark.parametrize("argument", [0.5, "0.5", " 0.5 ", "5e-1"])
def test_an_argument_is_a_number_or_its_text(argument: object) -> None:
    """Metadata can only hold texts, so a number may be one."""
    assert scenarios.scenario("expired_partial", {"fraction": argument}).executed_fraction == 0.5


@pytest.mark.parametrize("argument", ["", "half", None, True, [], {}, "0,5"])
def test_what_is_no_number_is_refused(argument: object) -> None:
    """An argument that is no number is refused by its name."""
    with pytest.raises(ApiError) as refused:
        scenarios.scenario("expired_partial", {"fraction": argument})
    assert (refused.value.code, refused.value.param) == ("invalid_type", "fraction")


@pytest.mark.parametrize("argument", ["nan", "inf", "-inf", "1e400", 10**400, "2", -1])
def test_what_is_out_of_range_is_refused(argument: object) -> None:
    """Numbers beyond every bound, and what is no number at all, are refused by name."""
    with pytest.raises(ApiError) as refused:
        scenarios.scenario("expired_partial", {"fraction": argument})
    assert (refused.value.code, refused.value.param) == ("invalid_value", "fraction")


def test_a_range_beyond_every_float_is_one() -> None:
    """A user's scenario may have any bounds, and its errors quote them."""
    parameter = {"summary": "-", "minimum": 10**400, "maximum": 10**401, "sets": ["executed"]}
    own = {"name": "own", "summary": "-", "sees": "-", "parameters": {"share": parameter}}
    with pytest.raises(ApiError, match=f"1 is not between {10**400} and") as refused:
        scenarios.from_document(own, {"share": 1})
    assert (refused.value.code, refused.value.param) == ("invalid_value", "share")


@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_a_range_has_both_bounds(bound: str) -> None:
    """A parameter of a user's scenario that lacks one takes no argument."""
    parameter = {"summary": "-", "minimum": 0, "maximum": 1, "sets": ["executed"]}
    del parameter[bound]
    own = {"name": "own", "summary": "-", "sees": "-", "parameters": {"share": parameter}}
    with pytest.raises(ApiError) as refused:
        scenarios.from_document(own, {"share": 0.5})
    assert refused.value.param == f"scenario.parameters.share.{bound}"


def test_an_unknown_parameter_is_refused() -> None:
    """An argument for which there is no parameter is refused by its name."""
    with pytest.raises(ApiError) as refused:
        scenarios.scenario("happy", {"fraction": 1})
    assert (refused.value.code, refused.value.param) == ("unknown_parameter", "fraction")


def test_the_error_for_an_unknown_scenario_names_similar_ones() -> None:
    """The error for a misspelt name lists similar names, and says where the name came from."""
    with pytest.raises(ApiError, match="Did you mean: expired_partial") as refused:
        scenarios.scenario("expired_patrial", {}, "metadata.mockbatch_scenario")
    assert (refused.value.status, refused.value.code, refused.value.param) == (
        400,
        "unknown_scenario",
        "metadata.mockbatch_scenario",
    )


def test_a_name_without_similar_ones_lists_all() -> None:
    """The error for a name that resembles none lists them all."""
    with pytest.raises(ApiError, match=f"Valid names: {', '.join(NAMES)}\\."):
        scenarios.scenario("zzzzzzz", {})


def test_filling_leaves_the_document_alone() -> None:
    """Arguments are put into a copy."""
    document = scenarios.catalogue()["expired_partial"]
    before = json.dumps(document)
    fill_parameters(document, {"fraction": 0.9})
    assert json.dumps(document) == before


def test_stages_that_are_not_named_take_the_recorded_time(make: "Make") -> None:
    """A scenario changes the stages that it names and no others."""
    stages = make.scenario(stages={"finalizing": None}).stages
    assert stages == {**RECORDED_SECONDS, "finalizing": None}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"name": "Bad Name"}, "scenario.name"),
        ({"stages": {"validating": -1}}, "scenario.stages.validating"),
        ({"stages": {"completed": 1}}, "scenario.stages.completed"),
        ({"executed": 2}, "scenario.executed"),
        ({"replies": [{"reply": {"content": "x"}}]}, "scenario.replies[0].fraction"),
        ({"replies": [{"fraction": 1, "reply": {}}]}, "scenario.replies[0].reply"),
        ({"quotas": {"batches_per_hour": -1}}, "scenario.quotas.batches_per_hour"),
        ({"validation": {"error": "odd"}}, "scenario.validation.error"),
        ({"odd": 1}, "scenario.odd"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(
    make: "Make", changes: dict[str, Json], param: str
) -> None:
    """A scenario of one's own is refused by the place that is wrong."""
    with pytest.raises(ApiError) as refused:
        make.scenario(**changes)
    assert (refused.value.status, refused.value.param) == (400, param)


def test_the_error_for_an_unknown_failure_lists_the_known_ones(make: "Make") -> None:
    """They are codes of OpenAI's errors."""
    with pytest.raises(ApiError, match=r"use billing_hard_limit_reached, .*invalid_json_line, "):
        make.scenario(validation={"error": "odd"})


def test_a_whole_number_is_one(make: "Make") -> None:
    """Where clients are shown an integer, none is shown a point."""
    error = {"error": "invalid_json_line", "line": 3.0}
    found = make.scenario(output_seconds=60.0, output={"status_code": 0.0}, validation=error)
    assert (repr(found.output_seconds), repr(found.output and found.output.status_code)) == (
        "60",
        "0",
    )
    assert repr(found.validation and found.validation.line) == "3"


def test_an_option_is_a_name_of_the_catalogue() -> None:
    """A text that is no file is a name."""
    assert scenarios.from_option("instant") == scenarios.scenario("instant", {})


def test_an_option_is_a_file(tmp_path: Path) -> None:
    """A text that ends in .json is a file that holds a scenario."""
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"name": "own", "summary": "-", "sees": "-", "executed": 0.5}))
    found = scenarios.from_option(str(path))
    assert (found.name, found.executed_fraction) == ("own", 0.5)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"name": "x"}', "\xff", "[" * 5000,
     '{"name": "x", "summary": "-", "sees": "-", "stages": {"validating": NaN}}'],
)  # fmt: skip
def test_a_bad_file_is_one_line_that_says_so(tmp_path: Path, text: str) -> None:
    """A file that is no scenario is a ValueError of one line."""
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"^scenario '.*bad\.json': .+$"):
        scenarios.from_option(str(path))


@pytest.mark.parametrize("text", ["nope", "", "missing.json"])
def test_an_option_that_leads_nowhere_says_so(text: str) -> None:
    """A name that is unknown and a file that is missing are ValueErrors."""
    with pytest.raises(ValueError, match=f"^scenario '{text}': .+$"):
        scenarios.from_option(text)


def test_recorded_seconds_are_those_of_every_stage() -> None:
    """The stages that have a recorded length are those that a document may name."""
    stages = schema("scenario").document["properties"]["stages"]["properties"]
    assert list(RECORDED_SECONDS) == list(stages)

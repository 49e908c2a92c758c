"""Budgets end the work that the schemas of clients cause."""

import pytest

from mockbatch.validation.step_budget import (
    MAX_STEPS,
    BudgetSpentError,
    StepBudget,
    generation_budget,
    preparation_budget,
    remember_work,
    shared_generation,
    shared_preparation,
)


def test_spent_budget_raises() -> None:
    """It says so until steps are granted."""
    budget = StepBudget(2)
    budget.spend(2)
    assert not budget.is_spent
    with pytest.raises(BudgetSpentError):
        budget.spend(1)
    assert budget.is_spent
    budget.grant(3)
    budget.spend(3)


def test_unused_steps_do_not_add_up() -> None:
    """A budget never has more steps than a new one."""
    budget = StepBudget()
    budget.grant(10)
    with pytest.raises(BudgetSpentError):
        budget.spend(MAX_STEPS + 1)


def test_budget_is_shared_within_a_context() -> None:
    """Outside, each piece of work has its own."""
    budget = StepBudget()
    with shared_preparation(budget):
        assert preparation_budget() is budget
        assert generation_budget() is not budget
        with shared_generation(budget):
            assert generation_budget() is budget
    assert preparation_budget() is not preparation_budget()


def test_remembered_work_is_counted_once() -> None:
    """The first time for each name, or never if its steps were counted while it was done."""
    budget = StepBudget(10)
    for name in ("a", "a", "b", "a", "b"):
        budget.spend_once(name, 3)
    assert budget.steps_left == 4
    budget.note("c")
    budget.spend_once("c", 3)
    assert budget.steps_left == 4


def test_cached_work_costs_what_it_cost_first() -> None:
    """Once for each budget, whether the work was done for it or for another one."""
    first, second = StepBudget(10), StepBudget(10)

    def work(text: str) -> tuple[str, int]:
        if not known:
            first.spend(3)
            known.add(text)
        return text, 3

    known: set[str] = set()
    for budget in (first, first, second, second):
        assert remember_work("kind", work, budget, "text") == "text"
        assert budget.steps_left == 7

"""Machines that workloads share, and fine-tuning, in sentences: the same in every view."""

from __future__ import annotations

from millwright.plan.job_model import JobPlacement
from millwright.plan.model import Plan


def sharing_texts(plan: Plan) -> list[str]:
    """Return what it is worth that workloads share machines, then what came of every kind of machine that was tried."""
    if plan.sharing is None:
        return []
    sentence = plan.sharing.sentence
    return [sentence, *(trial.text for trial in plan.sharing.trials if trial.text not in sentence)]


def jobs_of_answer(plan: Plan) -> tuple[JobPlacement, ...]:
    """Return where the option that is the answer does its fine-tuning; none where there is no such option."""
    return next((option.jobs for option in plan.options if option.id == plan.answer.option_id), ())

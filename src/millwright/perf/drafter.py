"""The draft of a deployment as a deployment of its own: on the same devices, divided in the same way."""

from __future__ import annotations

from dataclasses import replace

from millwright.catalog.architecture import WeightPart
from millwright.catalog.precision import Precision
from millwright.perf.deployment import Deployment
from millwright.perf.speculation import Draft

_SHARED = frozenset({WeightPart.EMBEDDING, WeightPart.HEAD})


def draft_deployment(deployment: Deployment) -> Deployment | None:
    """Return the draft of `deployment` as a model on its devices; None where nothing drafts, or no model does.

    A prediction head is taken as so many layers like the model's last one. What joins its two inputs (two hidden states
    side by side) is left out: 1 % of such a layer in DeepSeek-V3, about a third of the one of Llama 3.1 8B.
    """
    draft = deployment.draft
    if draft is None or (draft.model is None and draft.layers <= 0.0):
        return None
    if draft.model is not None:
        weights = draft.weights or Precision(draft.model.native_precision)
        return replace(deployment, model=draft.model, weights=weights, draft=None, pp=1)
    layers = (replace(deployment.model.layers[-1], count=max(round(draft.layers), 1)),)
    head = replace(
        deployment.model,
        layers=layers,
        vocab_size=draft.vocabulary or deployment.model.vocab_size,
        lookup_parameters=0,
    )
    return replace(deployment, model=head, weights=draft.weights or deployment.weights, draft=None, pp=1)


def shared_parts(draft: Draft) -> frozenset[WeightPart]:
    """Return the weights that a draft has in common with the served model: they are in memory once."""
    if draft.model is not None:
        return frozenset()
    return _SHARED if not draft.vocabulary else _SHARED - {WeightPart.HEAD}

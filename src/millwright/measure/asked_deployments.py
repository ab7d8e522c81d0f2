"""The deployments of a simulation that was asked for in words: names looked up, limits those of the engine."""

from __future__ import annotations

from dataclasses import replace

from millwright.catalog.architecture import Architecture
from millwright.catalog.catalog import Catalog
from millwright.catalog.precision import Precision
from millwright.errors import InputError
from millwright.measure.asked import OTHER_FORM, AskedSimulation
from millwright.perf.deployment import Deployment, Engine, SchedulerLimits
from millwright.perf.engines import engine_id, engine_profile, engine_profiles


def asked_deployments(asked: AskedSimulation, catalog: Catalog) -> list[Deployment]:
    """Return the deployment of every replica; raises InputError."""
    found = [_deployment(asked, catalog)] * asked.replicas
    for text in asked.others:
        device, *rest = text.split(":")
        tp = rest[0] if rest else "1"
        if len(rest) > 2 or not tp.isdecimal() or int(tp) < 1:
            raise InputError(f"'{text}' is no replica", "--replica", f"Write it as {OTHER_FORM}.")
        precision = rest[1] if len(rest) > 1 else asked.precision
        found.append(_deployment(replace(asked, device=device, tp=int(tp), precision=precision), catalog))
    return found


def _deployment(asked: AskedSimulation, catalog: Catalog) -> Deployment:
    model = catalog.model(asked.model)
    _check_divided(model, asked.tp)
    deployment = Deployment(
        model=model,
        device=catalog.device(asked.device),
        engine=_engine(asked.engine),
        weights=_precision(asked.precision or model.native_precision, "--precision"),
        kv=_precision(asked.kv_precision, "--kv-precision"),
        tp=asked.tp,
    )
    return replace(deployment, limits=_limits(deployment, asked))


def _engine(name: str) -> Engine:
    known = engine_profiles()
    if engine_id(name) not in known:
        raise InputError(f"no engine is called '{name}'", "--engine", f"Use one of {', '.join(known)}.")
    return Engine(name)


def _check_divided(model: Architecture, tp: int) -> None:
    """Raise `InputError` when an engine could not share the model's attention heads out among `tp` devices."""
    odd = next((heads for layer in model.layers if (heads := layer.attention.heads) % tp), 0)
    if odd:
        raise InputError(f"{odd} attention heads cannot be shared out among {tp} devices", "--tp", "Use 1, 2, 4 or 8.")


def _precision(text: str, option: str) -> Precision:
    try:
        return Precision(text.lower())
    except ValueError as error:
        raise InputError(f"no precision is called '{text}'", option, f"Use one of {', '.join(Precision)}.") from error


def _limits(deployment: Deployment, asked: AskedSimulation) -> SchedulerLimits:
    """Return the engine's own limits, with those asked for on top."""
    profile = engine_profile(deployment.engine.name)
    sequences = asked.max_num_seqs or profile.max_num_seqs
    return SchedulerLimits(
        max_num_seqs=sequences,
        max_num_batched_tokens=asked.max_num_batched_tokens or max(profile.max_num_batched_tokens, sequences),
        block_size_tokens=profile.block_size_tokens,
        max_model_len_tokens=max(deployment.model.max_context_tokens, 1),
        prefill_first=profile.prefill_first if asked.prefill_first is None else asked.prefill_first,
        chunked_prefill=profile.chunked_prefill and not deployment.model.one_pass,
        reserved_output=profile.reserved_output,
    )

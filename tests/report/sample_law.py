"""What the rules say of a hand-made plan's options: findings, a duty, sovereignty and air gap."""

from __future__ import annotations

from millwright.plan.model import (
    AirGap,
    LawFinding,
    Sovereignty,
    Verdict,
)
from millwright.plan.sovereign_model import (
    AirGapNeed,
    OpenFact,
    SovereigntyAnswer,
    SovereigntyObjective,
    SovereigntyScoreValue,
)

FINDINGS = (
    LawFinding(
        rule_id="eu.gdpr.art9",
        verdict=Verdict.YES,
        effect="require",
        instrument="Regulation (EU) 2016/679 (GDPR)",
        pinpoint="Art. 9(2)(h)",
        url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
        reason="Health data may be processed for care under professional secrecy; the scenario says so.",
    ),
    LawFinding(
        rule_id="scenario.residency",
        verdict=Verdict.YES,
        effect="forbid",
        instrument="Scenario",
        pinpoint="workloads.chat.residency",
        reason="The data stay in the EU.",
    ),
)
DUTY = LawFinding(
    rule_id="eu.gdpr.art35",
    verdict=Verdict.UNKNOWN,
    effect="duty",
    instrument="Regulation (EU) 2016/679 (GDPR)",
    pinpoint="Art. 35(1)",
    url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
    reason="Health data on a large scale: assess the impact before the processing begins.",
    missing_facts=("workload.dpia_done",),
)
UNKNOWN_FINDING = LawFinding(
    rule_id="de.sgb5.s393",
    verdict=Verdict.UNKNOWN,
    effect="require",
    instrument="SGB V",
    pinpoint="§ 393",
    url="https://www.gesetze-im-internet.de/sgb_5/__393.html",
    reason="Cloud processing of health data needs a current C5 attestation; whether the provider has one is not known.",
    missing_facts=("provider.certifications.c5_type2",),
)


SOVEREIGNTY = Sovereignty(
    score=SovereigntyScoreValue(value=61.25, low=61.25, high=78.75),
    seal_low=0,
    seal_high=2,
    objectives=(
        SovereigntyObjective(
            id="SOV-5",
            title="supply chain",
            weight=20.0,
            level_low=0,
            level_high=2,
            answers=(
                SovereigntyAnswer(
                    level=1,
                    asks="the origin of hardware and firmware is documented",
                    verdict="unknown",
                    facts=("site.supply_chain_documented",),
                ),
            ),
        ),
    ),
    missing=(
        OpenFact(fact="site.supply_chain_documented", question="is the origin of hardware and firmware documented?"),
    ),
)
AIR_GAP = AirGap(
    feasible="yes",
    cut_off=False,
    bring_in=(AirGapNeed(id="weights", what="model weights", carried_in="yes", how="Copy them.", blocks=True),),
    cannot=(AirGapNeed(id="support", what="remote support", carried_in="no", how="Keep spares.", blocks=False),),
)

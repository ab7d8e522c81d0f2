"""The page: plans to look at, questions to ask, scenarios to write. A view of `plan.json`; it reckons nothing."""

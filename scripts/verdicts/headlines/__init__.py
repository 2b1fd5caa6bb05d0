"""The headlines, a file each. HEADLINES names all that kolmo knows, in the order of its report (crates/kolmo-report/src/headlines/mod.rs); a
test holds it against the table in docs/reproduce.md."""

from . import (
    capacity,
    clock,
    compression,
    cut_off,
    data_and_model,
    data_law,
    fine_tuning,
    hallucination,
    honesty,
    learning_time,
    model_law,
    syntax_first,
)

HEADLINES = (
    data_law.HEADLINE,
    clock.HEADLINE,
    model_law.HEADLINE,
    capacity.HEADLINE,
    cut_off.HEADLINE,
    data_and_model.HEADLINE,
    syntax_first.HEADLINE,
    learning_time.HEADLINE,
    hallucination.HEADLINE,
    honesty.HEADLINE,
    fine_tuning.HEADLINE,
    compression.HEADLINE,
)

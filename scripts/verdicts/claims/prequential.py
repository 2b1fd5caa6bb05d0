"""`prequential`: the model's code of what it is trained on, beside the Bayes learner's."""

import math

from checks import expect

from ..claim import Claim, always
from ..codes import group
from ..estimates import student
from ..runs import config, evaluations, of_each_run
from ..worlds import stated


def class_sums(run):
    """The model's code lengths of values and names, as its classes have them; none of a run whose classes have none."""
    stated_facts = stated(config(run)["world"])
    classes = [of for at in evaluations(run) for of in at["classes"] if of["stream_documents"]]
    if not all(of.get("stream_value_loss") is not None for of in classes):
        return {}
    of_role = lambda key, each: sum(of["stream_documents"] * each * of[key] for of in classes) / math.log(2)
    return {"value": of_role("stream_value_loss", stated_facts), "subject": of_role("stream_subject_loss", 1)}


def ratio(run, role):
    """What the model's code is longer than the floor, over the same of the Bayes learner."""
    code = evaluations(run)[-1]["code_bits"]
    for of, bits in class_sums(run).items():
        found = code["model"][of]
        expect(not bits or math.isclose(bits, found, rel_tol=1e-6), f"{run['id']}: {of} takes {found} bits, by class {bits}")
    bits = lambda of: of["syntax"] + of["subject"] if role == "syntax and names" else of[role]
    return (bits(code["model"]) - bits(code["floor"])) / (bits(code["bayes"]) - bits(code["floor"]))


def measured(sweep, verdict):
    return student(of_each_run(group(sweep, verdict.of), lambda run: ratio(run, verdict.number)))


CLAIM = Claim("prequential", measured, always(1))

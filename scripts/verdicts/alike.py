"""Runs that are alike: of one law, of one training, of one size."""

import json

from .runs import config, rows

# In what models of one ladder may differ, and their trainings.
SIZES, OF_SIZES = ("d_model", "layers", "heads"), ("batch_documents", "learning_rate")


def fresh(sweep):
    """The runs that began with fresh weights, with the documents that they were given: runs have whole batches of them, and those that read as
    many were given as many."""
    runs = sweep.runs[["finetune" not in config(run) for run in rows(sweep.runs)]]
    given = runs["id"].map({run["id"]: config(run)["train"]["documents"] for run in rows(runs)})
    return runs.assign(given=given.groupby(runs["final_documents"]).transform("min"))


def without(table, *keys):
    return {key: value for key, value in table.items() if key not in keys}


def training(run):
    """Law and training, however long."""
    made = config(run)
    return made["world"], made["model"], without(made["train"], "documents")


def but_size(run):
    """The same without what goes with the size of a model."""
    world, model, train = training(run)
    return world, without(model, *SIZES), without(train, *OF_SIZES)


def but_seed(run):
    """All but the seed."""
    return *training(run), int(run["given"])


def groups(runs, key):
    """The runs of which `key` says the same."""
    if runs.empty:
        return []
    return [of for _, of in runs.groupby([json.dumps(key(run), sort_keys=True) for run in rows(runs)], sort=False)]


def between(runs, column, ends):
    """Those in a range of the sweep file; all without one."""
    return runs if ends is None else runs[runs[column].between(*ends)]

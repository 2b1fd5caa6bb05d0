"""When facts were half learnt, counted from the end of the plateau."""

import numpy as np

from .asked import facts
from .runs import last

# Half learnt at the first evaluation, or never.
BEFORE, NEVER = -np.inf, np.inf


def half_learnt(n, loss, half):
    """The first of two evaluations in a row at which a fact costs no more than half; between it and the one before, evenly in ln documents."""
    low = np.append(loss <= half, True)
    at = np.flatnonzero(low[:-1] & low[1:])
    if not len(at):
        return NEVER
    k = at[0]
    return BEFORE if k == 0 else n[k - 1] * (n[k] / n[k - 1]) ** ((loss[k - 1] - half) / (loss[k - 1] - loss[k]))


def plateau(rows):
    """The documents of the first evaluation at which the most frequent class is half learnt; not a number if that is at none."""
    first = rows[(rows["group"] == 0) & (rows["documents"] > 0)]
    for documents, at in first.groupby("documents"):
        if np.average(at["loss_nats"], weights=at["share"]) <= np.average(at["h"], weights=at["share"]) / 2:
            return float(documents)
    return np.nan


def timed(rows):
    """The facts as they were asked at last, with the documents until each was half learnt."""
    after = rows[rows["documents"] > 0]
    loss = after.pivot(index=["subject", "relation"], columns="documents", values="loss_nats")
    asked = last(rows).set_index(["subject", "relation"])
    n, half = loss.columns.to_numpy(float), asked["h"].reindex(loss.index).to_numpy() / 2
    time = [half_learnt(n, of, h) for of, h in zip(loss.to_numpy(), half)]
    asked = asked.assign(time=asked.index.map(dict(zip(loss.index, time))))
    # What was never stated is a lucky guess.
    return asked.assign(time=asked["time"].where(asked["exposures"] > 0, NEVER))


def since(time, start):
    """Counted from `start`; at or before it is not known when."""
    return np.where(time == NEVER, NEVER, np.where(time > start, time - start, BEFORE))


def median(times):
    """Of an even number the two in the middle are averaged in the logarithm if both are known, and else the later one stands."""
    times = np.sort(times)
    one, other = times[(len(times) - 1) // 2], times[len(times) // 2]
    return np.sqrt(one * other) if np.isfinite([one, other]).all() else other

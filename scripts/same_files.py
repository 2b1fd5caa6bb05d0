"""Where the files of two builds of kolmo differ first: the file, the line or the element, and the field.

Bytes are compared, but for what the clock, the machine or the build has a part in: `Rules` says what that is.
"""

import csv
import io
import json
import re
import struct
import tomllib

import runs

# What the manifest of a run says of the run itself; the rest is when, where and by which build it was made.
OF_THE_RUN = ("seed", "parameters", "config_blake3", "state", "trunk", "device", "backend_features", "threads")
# Files that have the clock in them, and so have no hash that comes again.
CLOCKED = ("metrics.jsonl", "state.cbor")
# Files that say more than the clock of what is not the same again, in lines of their own.
MORE_THAN_THE_CLOCK = ("manifest.json", "DONE")
NOTHING = object()


class Rules:
    """What is left out of a comparison: the clock, and `names` of fields of JSON, CSV and TOML and of files."""

    def __init__(self, names=()):
        self.names = frozenset(names)

    def leaves_out(self, path):
        # Event files have the points of the JSON lines, logs have times, and so has the state of a checkpoint; the Parquet files of a
        # summary have the columns of its CSV files.
        of_the_clock = "tensorboard" in path.parts or "logs" in path.parts or path.name == "state.cbor"
        twin = path.parent.name == "summary" and path.suffix == ".parquet"
        return of_the_clock or twin or path.name in self.names

    def kept(self, value):
        """`value` without the fields that are left out, in any depth."""
        if isinstance(value, dict):
            dropped = (*self.names, *runs.CLOCK, *CLOCKED)
            return {key: self.kept(inner) for key, inner in value.items() if key not in dropped}
        if isinstance(value, list):
            return [self.kept(inner) for inner in value]
        return value


class Side:
    """A folder that one of the builds wrote. In texts, its own path, the hash of a plan, which covers that path, the revision of the build
    and the names of a sweep's runs, which are hashes of their configurations, are replaced by what both sides have. That the hashes are
    the same is compared where they stand in full, in `config_blake3` of the manifests."""

    def __init__(self, root):
        self.root = root
        self.names = {str(root): "SIDE"}
        for path in sorted(root.rglob("plan.json")):
            plan = json.loads(path.read_bytes())
            for place, run in enumerate(plan["runs"]):
                self.names[run] = f"{path.parent.name}-run-{place}"
            self.names.update({plan["plan_blake3"]: "PLAN"} if "plan_blake3" in plan else {})
        for manifest in sorted(root.rglob("manifest.json")):
            revision = json.loads(manifest.read_bytes()).get("git_revision")
            self.names.update({revision: "REVISION"} if revision else {})
        self.pattern = re.compile("|".join(map(re.escape, self.names)))

    def common(self, text):
        return self.pattern.sub(lambda found: self.names[found[0]], text)

    def files(self, folder, rules):
        """The paths of the files below `folder`, by the names that they have on both sides."""
        paths = ((path.relative_to(self.root), path) for path in (self.root / folder).rglob("*") if path.is_file())
        return {self.common(str(name)): path for name, path in paths if not rules.leaves_out(name)}

    def read(self, path):
        content = path.read_bytes()
        return self.common(content.decode()).encode() if is_text(content) else content


def is_text(content):
    try:
        return content.decode() is not None
    except UnicodeDecodeError:
        return False


def compare(before, after, folder, rules):
    """How many files below `folder` of two Sides are compared, and where they differ first, in words, or None."""
    ours, theirs = before.files(folder, rules), after.files(folder, rules)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            return len(ours), f"{name}: only {'AFTER' if name in theirs else 'BEFORE'} has it"
        one, other = before.read(ours[name]), after.read(theirs[name])
        where = None if one == other else difference(name, ours[name], one, other, rules)
        if where:
            return len(ours), where
    return len(ours), None


def difference(name, path, one, other, rules):
    """Where two contents of a file differ, or None if that is left out."""
    if path.suffix == ".safetensors":
        return in_tensors(name, one, other)
    if path.suffix == ".parquet":
        return in_rows(name, one, other)
    if not (is_text(one) and is_text(other)):
        return in_bytes(name, one, other)
    reader = RECORDS.get(path.suffix or path.name)
    if reader is None:
        return runs.first_difference(name, one, other)
    try:
        records = [[(line, rules.kept(of_the_run(record))) for line, record in reader(text)] for text in (one, other)]
    except ValueError:
        # Damaged.
        return runs.first_difference(name, one, other)
    for (line, ours), (_, theirs) in zip(*records):
        where = in_field(ours, theirs)
        if where:
            return f"{name}, line {line}, {where}"
    if len(records[0]) != len(records[1]):
        return f"{name}: {len(records[0])} and {len(records[1])} lines"
    if path.name in MORE_THAN_THE_CLOCK or path.suffix == ".csv" or rules.names:
        return None
    # The same values, but spelt or ordered in another way?
    one, other = (runs.CLOCK_FIELD.sub(b"", text) for text in (one, other))
    return None if one == other else runs.first_difference(name, one, other)


def in_json(text):
    return [(1, json.loads(text))]


def in_json_lines(text):
    return [(number, json.loads(line)) for number, line in enumerate(text.splitlines(), start=1)]


def in_csv(text):
    return list(enumerate(csv.DictReader(io.StringIO(text.decode())), start=2))


def in_toml(text):
    return [(1, tomllib.loads(text.decode()))]


RECORDS = {"DONE": in_json, ".json": in_json, ".jsonl": in_json_lines, ".csv": in_csv, ".toml": in_toml}


def of_the_run(record):
    """The manifest of a run without what is no part of the run; anything else as it is."""
    if isinstance(record, dict) and "sessions" in record and "kolmo_version" in record:
        return {key: record.get(key) for key in OF_THE_RUN}
    return record


def in_field(one, other, field=""):
    """The first field in which two values differ, with both values, or None."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        pairs = [(f"{field}.{key}".lstrip("."), one.get(key, NOTHING), other.get(key, NOTHING)) for key in keys]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(f"{field}[{place}]", *pair) for place, pair in enumerate(zip(one, other))]
    else:
        # By their spelling: 1 and 1.0 are not the same.
        same = one is not NOTHING and other is not NOTHING and json.dumps(one, default=str) == json.dumps(other, default=str)
        shown = ["nothing" if value is NOTHING else repr(value)[:80] for value in (one, other)]
        return None if same else f"field {field}: {shown[0]} and {shown[1]}"
    return next((where for name, ours, theirs in pairs if (where := in_field(ours, theirs, name))), None)


def in_bytes(name, one, other):
    at = next((place for place, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))
    return f"{name}, byte {at} of {len(one)} and {len(other)}: {one[at : at + 8].hex()} and {other[at : at + 8].hex()}"


def in_tensors(name, one, other):
    """The first element in which two safetensors files differ."""
    heads = []
    for content in (one, other):
        end = 8 + struct.unpack("<Q", content[:8])[0]
        heads.append((json.loads(content[8:end]), content[end:]))
    where = in_field(heads[0][0], heads[1][0])
    if where:
        return f"{name}, head, {where}"
    for tensor, about in heads[0][0].items():
        start, end = about.get("data_offsets", (0, 0))
        ours, theirs = (data[start:end] for _, data in heads)
        if ours != theirs and about["dtype"] == "F32":
            at = next(place for place in range(0, end - start, 4) if ours[place : place + 4] != theirs[place : place + 4])
            values = [struct.unpack("<f", data[at : at + 4])[0] for data in (ours, theirs)]
            return f"{name}, tensor {tensor} {about['shape']}, element {at // 4}: {values[0]!r} and {values[1]!r}"
    return in_bytes(name, one, other)


def in_rows(name, one, other):
    """The first row and column in which two Parquet files differ, if a package is there to read them."""
    try:
        from pyarrow import BufferReader, parquet
    except ImportError:
        return in_bytes(name, one, other) + " (with pyarrow installed: which row and column)"
    tables = [parquet.read_table(BufferReader(content)).to_pylist() for content in (one, other)]
    for row, (ours, theirs) in enumerate(zip(*tables)):
        where = in_field(ours, theirs)
        if where:
            return f"{name}, row {row}, {where}"
    if len(tables[0]) != len(tables[1]):
        return f"{name}: {len(tables[0])} and {len(tables[1])} rows"
    return in_bytes(name, one, other) + " (the same rows in other bytes)"

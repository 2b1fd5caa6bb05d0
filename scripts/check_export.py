#!/usr/bin/env python3
"""Check that exports open in the tools people use, and that the three formats hold the same documents.

    pip install pandas pyarrow
    for format in jsonl parquet bin; do
      kolmo world export configs/quickstart.toml --format $format --documents 5000 --out out-$format
    done
    python scripts/check_export.py out-jsonl out-parquet out-bin

pandas must read the JSON lines and the Parquet files, numpy.memmap and pickle the token files in the way of
nanoGPT. Prints a line a check and exits 1 at the first failure.
"""

import argparse
import json
import pickle
import sys
from pathlib import Path

import numpy
import pandas

from checks import ended, expect, passed

ROLES = {"syntax", "subject", "value", "eos"}
# What document 0 of a split is called in the world; text where a reader's numbers do not reach.
FIRST = {"train": 0, "val": str(2**63)}
EOS = "<eos>"


def read_record(folder, expected):
    path = folder / "export.json"
    expect(path.is_file(), f"{path} is missing")
    record = json.loads(path.read_text(encoding="utf-8"))
    expect(record["format"] == expected, f"{path}: the format is {record['format']}, not {expected}")
    expect(record["complete"], f"{path}: the export is not complete")
    listed = {"export.json", "meta.pkl" if expected == "bin" else "vocabulary.json"}
    for split, first in FIRST.items():
        part = record[split]
        found = part["first_index"]
        expect(found == first, f"{path}: {split} begins at {found!r}, not {first!r}")
        expect(part["done"] == part["documents"], f"{path}: {split} has {part['done']} of {part['documents']}")
        for key, total in (("documents", part["done"]), ("tokens", part["tokens"])):
            found = sum(file[key] for file in part["files"])
            expect(found == total, f"{path}: the {key} of {split}'s files add up to {found}, not {total}")
        for file in part["files"]:
            found = (folder / file["name"]).stat().st_size
            expect(found == file["bytes"], f"{folder / file['name']} has {found} bytes, not {file['bytes']}")
            listed.add(file["name"])
    found = {entry.name for entry in folder.iterdir()}
    expect(found == listed, f"{folder} holds {sorted(found)}, export.json says {sorted(listed)}")
    passed(f"{folder.name}: the files of export.json, in their lengths, and no others")
    return record


def read_words(path):
    words = json.loads(path.read_text(encoding="utf-8"))
    expect(words[0] == EOS, f"{path}: token 0 is {words[0]!r}, not {EOS}")
    expect(len(set(words)) == len(words), f"{path}: a word has two tokens")
    return words


def read_jsonl(folder, split):
    documents = pandas.read_json(folder / f"{split}.jsonl", lines=True)
    keys = ["document", "text", "tokens", "roles", "facts"]
    expect(list(documents.columns) == keys, f"{folder}: the keys of {split} are {list(documents.columns)}")
    return documents


def read_parquet(folder, split):
    parts = sorted(folder.glob(f"{split}-*.parquet"))
    documents = pandas.concat([pandas.read_parquet(part) for part in parts], ignore_index=True)
    kind = str(documents["document"].dtype)
    expect(kind == "uint64", f"{folder}: column document of {split} is of type {kind}, not uint64")
    documents["facts"] = [
        [dict(zip(("subject", "relation", "value"), fact)) for fact in zip(subjects.tolist(), relations, values)]
        for subjects, relations, values in zip(documents["subjects"], documents["relations"], documents["values"])
    ]
    documents["tokens"] = documents["tokens"].map(lambda tokens: tokens.tolist())
    documents["roles"] = documents["roles"].map(list)
    return documents[["document", "text", "tokens", "roles", "facts"]]


def read_bin(folder, split):
    """Lists of words, one a document."""
    with open(folder / "meta.pkl", "rb") as file:
        meta = pickle.load(file)
    itos, stoi = meta["itos"], meta["stoi"]
    expect(len(itos) == len(stoi) == meta["vocab_size"], f"{folder}: meta.pkl disagrees with its vocab_size")
    expect(all(stoi[itos[i]] == i for i in range(meta["vocab_size"])), f"{folder}: itos and stoi differ")
    data = numpy.memmap(folder / f"{split}.bin", dtype=numpy.dtype(meta["dtype"]).newbyteorder("<"), mode="r")
    expect(data.max() < meta["vocab_size"], f"{folder}: {split} has a token beyond the vocabulary")
    words = [itos[int(token)] for token in data]
    expect(words[-1] == EOS, f"{folder}: {split} does not end with {EOS}")
    documents = [[]]
    for word in words:
        if word == EOS:
            documents.append([])
        else:
            documents[-1].append(word)
    return documents[:-1]


def check_split(split, record, words, jsonl, parquet, binary):
    count = record[split]["done"]
    documents = read_jsonl(jsonl, split)
    expect(len(documents) == count, f"{jsonl}: {split} has {len(documents)} documents, not {count}")
    indices = documents["document"].tolist()
    expect(indices == list(range(count)), f"{jsonl}: the documents of {split} are not in order")
    for row in documents.itertuples():
        place = f"{jsonl}: document {row.document}"
        text = " ".join(words[token] for token in row.tokens)
        expect(text == f"{row.text} {EOS}", f"{place}: its tokens are {text!r}, its text {row.text!r}")
        expect(len(row.roles) == len(row.tokens), f"{place}: {len(row.roles)} roles of {len(row.tokens)} tokens")
        expect(set(row.roles) <= ROLES, f"{place}: roles are {row.roles}")
        values = [word for word, role in zip(row.text.split(" "), row.roles) if role == "value"]
        stated = " ".join(fact["value"] for fact in row.facts)
        expect(" ".join(values) == stated, f"{place}: its values are {values}, its facts state {stated!r}")
    tokens = int(documents["tokens"].map(len).sum())
    expect(tokens == record[split]["tokens"], f"{jsonl}: {split} has {tokens} tokens, not {record[split]['tokens']}")
    passed(f"{jsonl.name}: {split} has {count} documents; text, tokens, roles and facts agree")

    columns = read_parquet(parquet, split)
    for key in documents.columns:
        expect(documents[key].tolist() == columns[key].tolist(), f"{parquet}: {key} of {split} differs from {jsonl}")
    passed(f"{parquet.name}: {split} is the same, in every column")

    expect(
        [" ".join(document) for document in read_bin(binary, split)] == documents["text"].tolist(),
        f"{binary}: the documents of {split} differ from {jsonl}",
    )
    passed(f"{binary.name}: {split} is the same, decoded by meta.pkl")


def check(jsonl, parquet, binary):
    folders = {"jsonl": jsonl, "parquet": parquet, "bin": binary}
    records = {name: read_record(folder, name) for name, folder in folders.items()}
    for key in ("world", "vocabulary", "kolmo_version"):
        found = {name: record[key] for name, record in records.items()}
        expect(len(set(found.values())) == 1, f"the exports differ in {key}: {found}")
    words = read_words(jsonl / "vocabulary.json")
    expect(words == read_words(parquet / "vocabulary.json"), f"{jsonl} and {parquet} have other words")
    expect(len(words) == records["jsonl"]["vocabulary"], f"{jsonl}: {len(words)} words in vocabulary.json")
    passed(f"one world of {len(words)} words")
    for split in FIRST:
        check_split(split, records["jsonl"], words, jsonl, parquet, binary)
    print("all checks passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("jsonl", "parquet", "bin"):
        parser.add_argument(name, type=Path, metavar=f"{name.upper()}_DIR")
    arguments = parser.parse_args()
    return ended(lambda: check(arguments.jsonl, arguments.parquet, arguments.bin))


if __name__ == "__main__":
    sys.exit(main())

"""The pages of results: README's opening and docs/results/README.md, written from the numbers of a report."""

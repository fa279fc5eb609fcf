"""GitHub's workflows, held to their syntax (actionlint) and to this repository's own rules."""

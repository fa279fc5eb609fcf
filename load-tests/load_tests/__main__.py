"""``python -m load_tests``, which needs more than `make run` installs."""

import sys

try:
    from load_tests.cli import main
except ModuleNotFoundError as error:
    sys.exit(f"error: the load tests need {error.name}, which is not installed: make develop")

if __name__ == "__main__":
    sys.exit(main())

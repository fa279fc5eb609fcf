"""The commands, one in each module: ``add(commands)`` adds its parser, ``run(options)`` runs it and gives the exit code.

COMMANDS lists them as the help does. An error that a command tells in one line belongs into MISTAKES of ``__main__``.
"""

from load_tests.commands import benchmark, bodies, check, compare, fuzz, kill, locust, memory, peers, rate, run

COMMANDS = (run, benchmark, check, compare, peers, rate, locust, memory, kill, fuzz, bodies)

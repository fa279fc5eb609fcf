"""OpenSLO v1 (https://github.com/OpenSLO/OpenSLO): the specs as its documents, and its documents as specs."""

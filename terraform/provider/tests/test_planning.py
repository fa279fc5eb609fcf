"""What a plan says of a new resource."""

from terraform.provider.planning import default, planned
from terraform.provider.values import UNKNOWN

BLOCK = {
    "attributes": {
        "name": {"type": "string", "required": True},
        "id": {"type": "string", "optional": True, "computed": True},
        "kind": {"type": "string", "optional": True, "description": 'Of it. Default value: "A" Possible values: ["A"]'},
        "secret_wo": {"type": "string", "optional": True, "write_only": True},
    },
    "block_types": {
        "part": {"nesting_mode": "list", "block": {"attributes": {"uid": {"type": "string", "computed": True}}}}
    },
}


def test_given_values_stay_and_the_rest_is_unknown_or_a_default() -> None:
    """Computed arguments are unknown, also inside blocks; write-only ones are never in a plan."""
    proposed = {"name": "a", "id": None, "kind": None, "secret_wo": "hush", "part": [{"uid": None}]}
    assert planned(BLOCK, proposed) == {
        "name": "a",
        "id": UNKNOWN,
        "kind": "A",
        "secret_wo": None,
        "part": [{"uid": UNKNOWN}],
    }


def test_blocks_that_are_not_known_yet_stay_so() -> None:
    """A dynamic block over unknown values is planned as unknown."""
    proposed = {"name": "a", "id": "b", "kind": "A", "secret_wo": None, "part": UNKNOWN}
    assert planned(BLOCK, proposed) == proposed


def test_a_default_has_the_type_of_its_argument() -> None:
    """What the description calls a default counts only where it can be one."""
    assert default({"type": "number", "description": "Default value: 3"}) == 3
    assert default({"type": "bool", "description": "Default value: true"}) is True
    assert default({"type": "string", "description": "Default value: 3"}) is None
    assert default({"type": "string", "description": "The default value is none."}) is None
    assert default({"type": ["list", "string"], "description": 'Default value: "a"'}) is None

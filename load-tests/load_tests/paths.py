"""Where things are in the repository, from the root that holds this room."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "model-files"
FLIGHT_COUNTS = MODELS / "flight-counts.csv"
ROOM = ROOT / "load-tests"
WRK_SCRIPT = ROOM / "wrk" / "predict.lua"
WRK_BODIES = ROOM / "wrk" / "flights.jsonl"
RESULTS = ROOM / "results"

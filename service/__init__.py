"""The prediction service: FastAPI on uvicorn, its metrics, traces, event log and the protocols it speaks."""

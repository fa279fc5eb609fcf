"""What a run costs by volume: logs of ten thousand to a hundred million predictions, counted, reported and compared."""

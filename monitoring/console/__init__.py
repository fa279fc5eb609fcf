"""The console: what the reports say, for a browser. It reads the folder of reports and changes nothing."""

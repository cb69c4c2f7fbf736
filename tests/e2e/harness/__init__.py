"""What the end-to-end tests, the demonstration and the benchmark stand on."""

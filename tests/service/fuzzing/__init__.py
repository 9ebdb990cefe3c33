"""The API under a public fuzzer, schemathesis: its own description is what it is held to."""

"""Pages made from the tables, and the trace from requirements to tests."""

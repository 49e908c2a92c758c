"""A client that checks any server's batches against a contract; its cases are data files."""

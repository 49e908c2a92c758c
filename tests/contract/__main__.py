"""Check mockbatch against the contract, as OpenAI and as Portkey's gateway: `make contract`."""

import sys

from mockbatch import MockBatch, cli

ROLES = {"As OpenAI": [], "As Portkey's gateway": ["--provider", "openai"]}


def main() -> int:
    """Run the contract in each role, and return the worst exit status."""
    statuses = []
    for role, options in ROLES.items():
        print(f"{role}\n", flush=True)
        with MockBatch() as mock:
            command = ["contract", mock.base_url, "--key", mock.api_key, "--control", "--strict"]
            statuses.append(cli.main([*command, *options, *sys.argv[1:]]))
        print()
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())

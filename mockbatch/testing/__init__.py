"""What a test uses: servers in its own process, and the pytest plugin.

pytest_plugin    the fixtures, ini options, the marker, and the hooks behind them
world_log        which test or fixture created which worlds
servers          LocalServer (in a thread of this process), RemoteServer, MockBatch
failure_report   the section that a failed test's report gets for each world it used
"""

"""`mockbatch survive`: runs a user's batch program once for each misfortune of the catalogue.

shims       how the sleeps and clocks of that program's processes follow the simulated clock
shim        what those processes load for it: Python programs of their own, without mockbatch
"""

"""`mockbatch survive`: runs a user's batch program once for each misfortune of the catalogue.

survey      the baseline, and a row for each misfortune
trial       one run of the program: its folder, its environment and its evidence
misfortunes which scenarios and faults there are to meet; `met` tells whether one happened
server      a world for each run, on a server of this process; `polls` watches its requests
process     runs the program, and leaves none of its processes behind
evidence    what three witnesses say, as values: `server_witness` reads the world, and
            `delivered` what the program printed and wrote
verdict     from the evidence to one word and one sentence
findings    what stands beside a verdict: polls too often, leaves batches behind
report      the table, JSON, Markdown and JUnit XML; `ratchet` compares with known verdicts
shims       how the sleeps and clocks of that program's processes follow the simulated clock
faketime    lets the time of a program in any other language run faster
shim        what those processes load for it: Python programs of their own, without mockbatch
"""

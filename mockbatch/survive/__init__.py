"""`mockbatch survive`: runs a user's batch program once for each misfortune of the catalogue.

survey      the baseline, and a row for each misfortune
trial       one run of the program: its folder, its environment and its evidence
misfortunes which scenarios and faults a program can meet; `met` tells whether one happened
server      a world for each run, on a server of this process; `polls` watches its requests
process     runs the program, and leaves none of its processes behind
evidence    what three witnesses say, as values: `server_witness` reads the world, and
            `delivered` what the program printed and wrote
verdict     decides from the evidence: one word and one sentence
findings    what is reported besides a verdict: polls too often, leaves batches behind
report      the table, JSON, Markdown and JUnit XML; `ratchet` compares with known verdicts
shims       make the sleeps and clocks of the program's processes follow the simulated clock
faketime    makes the time of a program in any other language run faster
shim        the code that those processes load, which runs without mockbatch
"""

"""Which bad luck must the design survive, and which rule is broken in which mutant?

The design survives the bad luck of every mutant, so that what a mutant is caught for is its broken
rule. Only a lease taken away and a redriven run are bad luck that the design does not allow to
happen at all.
"""

from proof.world import Case

DESIGN = (
    Case("a failed run, a stray sweep", "change fail stray_sweep", sweep=False),
    Case("two changes, a crash", "change change crash", sweep=False),
    Case("two changes, a lost event", "change change lose"),
    Case("two ticks at once", "change", controllers=2),
    Case("an aborted run", "change abort"),
    Case("a data set that always fails", "poison"),
    Case("the daily cap", "change fail", cap=1),
    Case("a restored table", "change restore"),
    Case("a quota of 0 that is granted later", "change refuse refuse refuse refuse"),
    Case("no machine, then one that is free", "change shortage shortage refuse", sweep=False),
)

DESIGN_IN_FULL = (
    Case("two ticks at once, a crash, a failed run", "change crash fail", controllers=2),
    Case("two ticks at once, an aborted run, a crash", "change abort crash", controllers=2),
    Case("two ticks at once, two changes", "change change", controllers=2, sweep=False),
    Case(
        "two consumers, two changes, a crash, a lost event", "change change crash lose", consumers=2
    ),
    Case("two changes, an aborted run", "change change abort"),
    Case("a failed run, an aborted run, a crash", "change fail abort crash"),
    Case("three changes, a crash, a lost event", "change change change crash lose"),
    Case("poison, a change, a crash", "poison change crash"),
    Case("a restored table, two changes, a crash", "change change restore crash"),
    Case("the daily cap, two changes, a crash", "change change crash", cap=1),
    Case("a quota of 0, two changes, a crash", "change change refuse refuse refuse crash"),
    Case("a quota of 0, a failed run, poison", "poison change fail refuse refuse"),
    Case("the daily cap, two ticks at once, a failed run", "change fail", controllers=2, cap=1),
    Case("no machine, two changes, a crash", "change change shortage crash"),
    Case("no machine, poison, an aborted run", "poison shortage abort"),
)

MUTANTS = (
    Case(
        "an event acknowledged before the mark is raised",
        "change crash",
        broken="bump before ack",
        sweep=False,
    ),
    Case(
        "the end of a run clears every mark",
        "change change",
        broken="completion covers snap_gen",
        sweep=False,
    ),
    Case(
        "a failed run clears its mark",
        "change fail",
        broken="a failed run clears nothing",
        sweep=False,
    ),
    Case(
        "a new name for each try to start",
        "change crash",
        controllers=2,
        broken="the execution's name is the epoch",
    ),
    Case(
        "a lease taken without its condition",
        "change change",
        controllers=2,
        broken="Acquire is a conditional write",
        sweep=False,
    ),
    Case(
        "a run ended without its condition",
        "change fail",
        controllers=2,
        broken="Finish is a conditional write",
    ),
    Case(
        "the lease taken over on time alone", "change takeover", broken="no takeover on time alone"
    ),
    Case(
        "an operator may redrive a closed run",
        "change fail redrive",
        broken="no role may redrive an execution",
    ),
    Case(
        "a one-shot timer instead of a periodic tick",
        "change crash",
        broken="a periodic tick",
        sweep=False,
    ),
    Case(
        "no limit to repeating what fails",
        "poison",
        broken="the same data set failing 3 times is blocked",
    ),
    Case(
        "a quota of 0 counted against the pictures",
        "change refuse refuse refuse",
        broken="only the training itself counts",
    ),
    Case(
        "the same fault told at every try",
        "change refuse refuse",
        broken="a fault of the account is told once",
    ),
    Case(
        "a lack of machines told at every try",
        "change shortage shortage",
        broken="a fault of the account is told once",
    ),
    Case(
        "a lack of machines taken for a finished run",
        "change shortage",
        broken="a lack of machines clears nothing",
        sweep=False,
    ),
    Case(
        "a run that could not publish trains again",
        "change fail",
        broken="a failure after the verdict trains nothing again",
        sweep=False,
    ),
    Case("no daily cap", "change fail", cap=1, broken="the daily cap"),
    Case(
        "a refused model counts as a failed run", "change", broken="every good end clears the mark"
    ),
    Case(
        "finished when the execution has ended, training or not",
        "change abort",
        broken="finish only when the training has ended",
    ),
    Case(
        "finished while a CreateTrainingJob is on its way",
        "change abort",
        broken="a stopped run settles",
    ),
    Case(
        "the live pointer moved by whoever comes late",
        "change change abort",
        broken="the pointer moves only if run.epoch",
    ),
    Case("no daily sweep", "change lose", broken="the daily sweep"),
    Case(
        "the snapshot taken before the lease",
        "change change",
        broken="the snapshot is taken after the lease",
        sweep=False,
    ),
    Case(
        "an old execution taken for the lease's own",
        "change change restore",
        broken="a name from before a restore is not ours",
    ),
    Case(
        "news forgotten before it is sent",
        "change abort crash",
        broken="news is sent before it is forgotten",
    ),
)

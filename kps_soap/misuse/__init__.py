"""Misuse: what is unusual in how the gateway is asked, found by rules and told to people.

    thresholds   the numbers of the rules, from conf/misuse.toml
    observing    what one worker saw since it last told it, in memory
    tallies      what all workers saw, in the gateway's database
    rules        eight functions from tallies to suspicions
    findings     what was found: rows that somebody looks into
    alarms       a suspicion becomes an event, a finding and a line of the log, once
    protected    persons whom nobody asks about unseen, and without a case number
    watching     does all this in time

Nothing here answers a call.  A rule accuses nobody: it says what to look at.
"""

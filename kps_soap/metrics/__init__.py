"""What the gateway tells a monitoring system: numbers, never anything of a person or an account.

``table`` names every metric.  ``meter``, ``timing`` and ``gauges`` keep and read the numbers of
one worker; ``line`` carries them to the parent process, where ``gathering`` makes one truth of
them and ``exposition`` and ``page`` serve it.
"""

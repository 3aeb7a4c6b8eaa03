"""Evidence: one durable record for every request, that nobody can change unseen (design §7).

    months        which month a moment belongs to
    keys          the key file, the months' secrets, what is derived from them
    records       a record's bytes: digests, ciphertext, hash
    chain         one chain of records, appended to in transactions
    writer        many requests, one transaction: the group commit of a worker
    appending     a few records by a command, without an event loop
    receipts      numbers that never repeat
    aggregates    refused requests that leave no record of their own, counted
    search        find and show records; each look is a record too
    verification  find what was changed, removed, moved or added

Nothing here decides about a request, and nothing here deletes.
"""

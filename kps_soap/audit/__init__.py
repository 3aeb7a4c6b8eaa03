"""Evidence: one durable record for every request, that nobody can change unseen (design §7).

    months        which month a moment belongs to
    keys          the key file, the months' secrets, what is derived from them
    records       a record's bytes: digests, ciphertext, hash
    packing       its messages in one piece, the answer made smaller
    chain         one chain of records, appended to in transactions
    writer        many requests, one transaction: the group commit of a worker
    waiting, touching   a request that waits for its record; does writing work?
    first_answers what a repeated question got the first time
    appending     a few records by a command, without an event loop
    receipts      numbers that never repeat
    receipt_search, receipt_files, signed_receipts   an earlier call's receipt, as proof
    alongside     what is written in a record's own transaction: tokens, wrong passwords
    masking       messages as they are shown, without the secrets in them
    aggregates    refused requests that leave no record of their own, counted
    search        find and show records; each look is a record too
    person_report who asked about a person, as the person may read it
    breach_report what a breach laid open (named_persons: whose number it is)
    checkpoints, heads, merkle     what a seal is: bytes, trees, keys
    seals, proofs seal the records; prove that one is sealed
    witness, timestamps, web       hand the seals to somebody outside
    duties, backlog                whose turn it is, and how far behind
    verification  find what was changed, removed, moved, added, cut or replaced: by parts
                  (part_tasks, crew), links (chain_check, strangers), contents (content_check,
                  held_check), seals (checkpoint_check), and a witness (witness_check), from
                  whatever sources say
    partitions    a month's own files, where the database has such things
    orders, held  what must be kept longer, or be kept secret for a while
    retention     the end of months, after fifteen years; nothing else deletes
    rotation      another key file
    exporting, importing   sealed evidence as a file (export_format), and back

Nothing here decides about a request.
"""

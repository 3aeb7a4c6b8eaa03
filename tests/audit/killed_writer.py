"""A worker for the tests to kill: writes records and says which ones are durable.

Usage: python killed_writer.py URL WORKER.  Prints a request number and a receipt number a line,
each only after its record was acknowledged.
"""

import asyncio
import sys

from evidence_samples import NOW, entry, opened, writing_to

from kps_soap.audit.receipts import ReceiptNumbers


async def _write_for_ever(url: str, worker: str) -> None:
    numbers = ReceiptNumbers(block_size=50)

    async def caller(name: int) -> None:
        count = 0
        while True:
            count += 1
            receipt = await numbers.number("B-34-0417", NOW)
            one = entry(request_id=f"{worker}-{name}-{count}", receipt_number=receipt)
            await writer.record(one)
            sys.stdout.write(f"{one.request_id} {receipt}\n")
            sys.stdout.flush()

    with opened(url) as evidence:
        async with writing_to(evidence, worker=worker, receipts=numbers) as writer:
            await asyncio.gather(*(caller(name) for name in range(8)))


asyncio.run(_write_for_ever(sys.argv[1], sys.argv[2]))

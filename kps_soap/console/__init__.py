"""The console: pages for people of institutions and for operators, rendered on the server.

They work without JavaScript.  A query made here walks the same line as a SOAP call, under the
same agreement, with the same record and fee (design D8); whatever else is done here leaves a
record in the transaction in which it is done.  The console opens nothing by itself: the
composition root hands it a ``House``.
"""

"""Requests that an institution signs with a certificate of its own (profile GUCLU).

``structure`` takes a signature apart, ``verifying`` proves it, ``presented`` remembers it, so that
the same signed message counts once.  Which certificates count is said by agreements; nothing here
follows a chain of certificates, an address or a key that a message brings along.
"""

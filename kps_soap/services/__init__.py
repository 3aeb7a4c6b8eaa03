"""The published services: one file a service, all its dated versions in it.

Each file declares the service with Spyne's types, maps the register's records to the wire's
members and names its contracts in ``CONTRACTS``.  A service decides no permission: it asks
``wants`` what is worth reading and the filter removes the rest.
"""

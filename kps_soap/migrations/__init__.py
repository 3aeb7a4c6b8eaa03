"""The history of the gateway's own tables (Alembic, without an ini file).

Each file in ``versions`` is one step.  A step must work with the release that is running while it
runs: columns are added first and removed a release later.  Nothing here is imported by the
gateway; ``kps_soap.database`` runs it.
"""

"""The register: what is known about persons, their documents and their addresses.

This room keeps and finds records.  It refuses to decide who may see what: it knows no
agreement, no caller and no wire format.
"""

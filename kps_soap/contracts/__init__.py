"""Contracts: a Spyne declaration made into readers, writers, schemas, field paths and WSDLs.

A contract is declared once, with Spyne's types (``services/``); its XSD is the authority on the
wire (design D9).  Everything that a request costs is compiled here, at start.  This room knows
no register, no agreement and no envelope.
"""

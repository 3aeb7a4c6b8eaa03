"""The operator's pages: what is in force, how the gateway does, the evidence, fees, accounts.

View models are functions over a connection and values; pages turn them into words.  Nothing here
answers a query about a person.
"""

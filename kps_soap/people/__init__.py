"""People behind accounts: roles, states, log-ins, and what each may do of an agreement."""

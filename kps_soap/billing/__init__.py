"""Fees that follow from the evidence: a month's statement, its closing, its verification.

Statements are computed from records alone, whoever computes them (design D11).  This room
charges nobody at call time: the agreement stage does, and each record keeps how.
"""

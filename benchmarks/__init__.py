"""Measures the product as it is served, with everything on, beside stock Spyne in the same run.

``python -m benchmarks`` makes its own home, serves it on loopback and drives it with wrk.  A
benchmark prints figures and judges nothing: no test depends on a time.
"""

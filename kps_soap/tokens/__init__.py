"""The tokens of the routing door: what is asked for, what is issued, and how one is known again.

``trust`` reads a request for a token, ``saml`` writes the assertion, ``encrypted`` seals it and
reads a sealed one back as a digest, ``proof`` makes and wraps the key whose possession a caller
proves, ``store`` finds a token again by its digest.  No door, no fault and no permission is here,
and nothing in this room ever decrypts a token: an unknown one is refused unopened.
"""

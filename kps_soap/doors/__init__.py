"""The doors: each turns bytes into a question and an answer into bytes, in its family's words.

A door decides no permission, asks no register and writes no evidence.
"""

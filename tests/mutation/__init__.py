"""Small faults put into the code on purpose: do the tests see them?"""

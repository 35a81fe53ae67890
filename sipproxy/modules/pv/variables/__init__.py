"""Pseudo-variables, one kind of them per file.

Facts from Kamailio's module pv (pv_core.c and its neighbours), and from its answers.
"""

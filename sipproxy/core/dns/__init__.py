"""Names of hosts: records kept as long as they say, and where a request goes (RFC 3263).

Nothing here asks a server: a shell gives `Names.ask`.
"""

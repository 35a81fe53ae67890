"""The control interface, bytes in and bytes out: BINRPC (ctl, kamcmd) and JSON-RPC (jsonrpcs)."""

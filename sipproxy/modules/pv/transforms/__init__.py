"""Transformations, one class of them per file: `$(var(x){class.name,args})`.

Facts from Kamailio's modules pv (pv_trans.c), textops (txt_var.c) and xhttp (xhttp_trans.c), and
from its answers. A transformation that fails gives None. Lengths and offsets are in bytes.
"""

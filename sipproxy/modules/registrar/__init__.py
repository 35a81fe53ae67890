"""registrar: what REGISTER requests ask of the location service (Kamailio modules/registrar).

`contacts` and `request` read a request, `pack` makes its contacts and `merging` merges them into a
record; `answer` replies. `finding` goes the other way, from an address-of-record to where it is.
The records themselves lie in the module usrloc.
"""

from sipproxy.modules.registrar.profiles import Profiles


class Registrar(Profiles, name="registrar"):
    """The module: registrations, lookups and `$ulc`."""

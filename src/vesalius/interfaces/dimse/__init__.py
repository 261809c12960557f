"""DICOM over TCP: upper layer (PS3.8) and message exchange (PS3.7), as provider and as user.

Where to look: `acceptor` takes connections, `services` is the table of operations, and each
operation has its file (`c_store`, `c_find`, …). Below them `association` makes messages of
fragments, `upper_layer` walks the state table of `state_machine`, `receiver` cuts octets into
PDUs. `requestor` asks for associations; `network` is what the rest of the house uses of it.
"""

"""`vesalius dicom …`: our own service class user, by whoever has the machine.

Verification, Query, Storage and Retrieve asked of any peer: a node that is known, or a host and a
port. One file per operation; `peer` says whom to call.
"""

import typer

from vesalius.interfaces.command_line.dicom.echo import echo
from vesalius.interfaces.command_line.dicom.find import find
from vesalius.interfaces.command_line.dicom.move import move
from vesalius.interfaces.command_line.dicom.send import send

__all__ = ["app"]

app = typer.Typer(help="Ask DICOM peers: echo, find, send, move.", no_args_is_help=True)
app.command("echo")(echo)
app.command("find")(find)
app.command("send")(send)
app.command("move")(move)

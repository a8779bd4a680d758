"""`relay`: the operator's tool for a deployed stack and for the one on this machine.

A command is a module of `commands`, which reads options and shows results. What it does is a
function of another module here, which knows no terminal. Nothing that is deployed imports this.
"""

"""Turns what a request asks for into SQL (PostgREST's ``Query``)."""

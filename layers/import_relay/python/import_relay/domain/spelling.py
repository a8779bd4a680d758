"""What somebody may have meant by a word that is not known. Called where a mistake is worded."""

from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean 'contact'?`, or nothing if no known word is like it."""
    import difflib  # late: the receiver meets no mistake as a rule

    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""

"""What is wrong with a secret that authenticates a sender, without a word of the secret itself.

Called where secrets are read, and by `check_connections`.
"""

MIN_LENGTH = 12
"""Own limit: CRMs make longer ones, and a shorter one can be guessed."""
_COMMON = (
    *("password", "passwort", "secret", "geheim", "changeme", "change-me", "letmein", "admin"),
    *("test", "example", "token", "webhook", "qwerty", "12345678", "put-the-secret-here"),
)


def weakness_of(secret: str) -> str:
    """Why the secret authenticates weakly, "" if it is good; of `user:password` the password
    counts.
    """
    if not secret.strip():
        return "is blank"
    checked = secret.rpartition(":")[2].strip() if ":" in secret else secret.strip()
    word = checked.lower().strip("0123456789!?.*#-_ ")
    if len(set(checked)) <= 2 or word in _COMMON:
        return "is trivial"
    if len(checked) < MIN_LENGTH:
        return f"is shorter than {MIN_LENGTH} characters"
    if secret != secret.strip():
        return "has white space around it, which is ignored"
    return ""

"""Tables as text: one row a line, columns parted by "|", the first column is the key.

In a board's memory a text costs its bytes, a tuple of tuples about five times as much: every short string in it is an
object of its own. Finding a row is one search in C. Rows come as tuples of strings; whoever owns a table types them.
"""


def rows(text):
    """Yield the rows one after the other."""
    at = text.find("\n") + 1
    while at:
        end = text.find("\n", at)
        line = text[at:end] if end >= 0 else text[at:]
        if line:
            yield tuple(line.split("|"))
        at = end + 1


def row(text, key):
    """Return the row of a key, or None. A key is matched whole: one with a mark of the table in it is no key."""
    at = _place(text, key)
    if at < 0:
        return None
    end = text.find("\n", at + 1)
    return tuple((text[at + 1 : end] if end >= 0 else text[at + 1 :]).split("|"))


def number(text, key):
    """Return the place of a key's row, 0 for the first; ValueError if there is none."""
    at = _place(text, key)
    if at < 0:
        raise ValueError("no row %s" % key)
    return text.count("\n", 0, at)


def count(text):
    """Return how many rows there are; a text begins with a line break and ends with one."""
    return text.count("\n") - 1


def _place(text, key):
    """Return where the line break before a key's row is, -1 if there is no such row."""
    return -1 if "|" in key or "\n" in key else text.find("\n" + key + "|")

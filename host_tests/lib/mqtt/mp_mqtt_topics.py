"""Topics from a broker: UTF-8 as the book has it, and nothing of them stays."""

import gc

from mqtt.decoder import Decoder
from mqtt.errors import ProtocolError


def topic_of(content):
    """Return the topic that a decoder reads from these bytes."""
    d = Decoder()
    size = 2 + len(content)
    d.feed(bytes((0x30, size & 127 | 128, size >> 7, len(content) >> 8, len(content) & 255)) + content)
    assert d.next_event()
    return d.topic


def refused(content):
    try:
        topic_of(content)
    except ProtocolError:
        return True
    return False


def test_a_topic_is_utf_8_as_the_book_has_it():
    """Not in a longer form than needed, no surrogates, nothing behind U+10FFFF [1.5.3]. Proves: REL-1+"""
    for topic in ("a", "\u00e9", "\u20ac", "\U0001f600/x", "\ud7ff\ue000", "\U0010ffff"):
        assert topic_of(topic.encode()) == topic, topic
    for content in (
        b"\xc1\x81",
        b"a\xe0\x81\x81",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf0\x82\x82\xac",
    ):
        assert refused(content), content


def test_topics_of_ever_new_characters_leave_nothing_behind():
    """MicroPython keeps each character that a loop over a text meets for ever. Proves: REL-1+"""

    def used(first):
        topic_of(b"".join([b"\xe4" + bytes((0x80 + first + i // 64, 0x80 + i % 64)) for i in range(256)]))
        gc.collect()
        return gc.mem_alloc()

    used(0)
    before = used(4)
    for first in (8, 12, 16, 20):
        used(first)
    assert used(24) - before <= 64

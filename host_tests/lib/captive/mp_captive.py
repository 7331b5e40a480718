"""The name server of the portal, datagram by datagram, and the table of probes."""

import random

from captive import dns, probes

ADDRESS = "192.168.4.1"
# google.com, type A, class IN, recursion desired, as a phone sends it
HEAD = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
NAME = b"\x06google\x03com\x00"
A_IN = b"\x00\x01\x00\x01"
OPT = b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"  # root, OPT, 4096 bytes, version 0


def test_a_name_of_type_a_is_at_the_bridge():
    """Proves: PRV-4+"""
    reply = dns.answer(HEAD + NAME + A_IN, ADDRESS)
    assert reply == (
        b"\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00"
        + NAME
        + A_IN
        + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\xc0\xa8\x04\x01"
    )


def test_the_spelling_of_the_question_comes_back():
    """Phones vary the case of letters and check that it returns."""
    name = b"\x06gOoGlE\x03CoM\x00"
    assert name + A_IN in dns.answer(HEAD + name + A_IN, ADDRESS)


def test_other_types_exist_but_are_empty():
    """AAAA (28), HTTPS (65), SVCB (64), MX (15), PTR (12), TXT (16). Proves: PRV-4+"""
    for kind in (28, 65, 64, 15, 12, 16, 0, 65535):
        question = NAME + bytes((kind >> 8, kind & 255)) + b"\x00\x01"
        assert dns.answer(HEAD + question, ADDRESS) == b"\x12\x34\x85\x80\x00\x01\x00\x00\x00\x00\x00\x00" + question


def test_any_type_and_any_class_are_answered_another_class_is_empty():
    assert dns.answer(HEAD + NAME + b"\x00\xff\x00\x01", ADDRESS)[7] == 1
    assert dns.answer(HEAD + NAME + b"\x00\x01\x00\xff", ADDRESS)[7] == 1
    assert dns.answer(HEAD + NAME + b"\x00\x01\x00\x03", ADDRESS)[7] == 0  # Chaos


def test_edns_is_answered_with_edns():
    query = HEAD[:11] + b"\x01" + NAME + A_IN + OPT
    reply = dns.answer(query, ADDRESS)
    assert reply[:12] == b"\x12\x34\x85\x80\x00\x01\x00\x01\x00\x00\x00\x01"
    assert reply[-15:] == b"\xc0\xa8\x04\x01" + b"\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00"


def test_an_edns_version_that_we_do_not_know_is_refused_as_the_rfc_says():
    query = HEAD[:11] + b"\x01" + NAME + A_IN + b"\x00\x00\x29\x10\x00\x00\x01\x00\x00\x00\x00"
    reply = dns.answer(query, ADDRESS)
    assert reply[7] == 0
    assert reply[-11:] == b"\x00\x00\x29\x02\x00\x01\x00\x00\x00\x00\x00"  # extended code 1 = BADVERS


def test_two_questions_are_a_format_error():
    """RFC 9619."""
    query = HEAD[:5] + b"\x02" + HEAD[6:] + NAME + A_IN + b"\xc0\x0c\x00\x1c\x00\x01"
    assert dns.answer(query, ADDRESS) == b"\x12\x34\x85\x81\x00\x00\x00\x00\x00\x00\x00\x00"


def test_another_operation_is_not_implemented():
    assert dns.answer(b"\x12\x34\x28\x00" + HEAD[4:] + NAME + A_IN, ADDRESS) == b"\x12\x34\xac\x84" + bytes(8)


def test_a_reply_is_not_answered():
    """Else two of us would talk for ever."""
    assert dns.answer(dns.answer(HEAD + NAME + A_IN, ADDRESS), ADDRESS) is None


def test_what_is_malformed_is_not_answered():
    """Proves: REL-1+"""
    for query in (
        b"",
        HEAD,
        HEAD[:11],
        HEAD + b"\xc0\x0c" + A_IN,  # a pointer to itself
        HEAD + b"\xc0\x00" + A_IN,  # into the head
        HEAD + b"\x03www\xc0\x0c" + A_IN,
        HEAD + b"\x40" + b"a" * 64 + b"\x00" + A_IN,  # label too long
        HEAD + (b"\x3f" + b"a" * 63) * 4 + b"\x00" + A_IN,  # name of 257 bytes
        HEAD + b"\x06goo",
        HEAD + NAME,
        HEAD + NAME + A_IN[:3],
        HEAD[:4] + b"\x00\x00" + HEAD[6:],  # no question
        HEAD + NAME + A_IN + b"x" * 512,
    ):
        assert dns.answer(query, ADDRESS) is None, query


def test_the_longest_name_is_answered():
    name = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\x00"
    assert len(name) == 255
    assert dns.answer(HEAD + name + A_IN, ADDRESS)[7] == 1


def test_the_root_is_a_name_too():
    assert dns.answer(HEAD + b"\x00" + A_IN, ADDRESS)[7] == 1


def test_each_cut_of_a_query_is_survived():
    """Proves: REL-1+"""
    query = HEAD[:11] + b"\x01" + NAME + A_IN + OPT
    for length in range(len(query)):
        reply = dns.answer(query[:length], ADDRESS)
        assert (reply is None) == (length < len(HEAD + NAME + A_IN))


def test_rubbish_is_survived():
    """Proves: REL-1+"""
    random.seed(7)
    good = HEAD[:11] + b"\x01" + NAME + A_IN + OPT
    for n in range(4000):
        query = bytearray(good if n % 2 else bytes([random.getrandbits(8) for _ in range(random.randrange(60))]))
        for _ in range(random.randrange(6)):
            if query:
                query[random.randrange(len(query))] = random.getrandbits(8)
        reply = dns.answer(bytes(query), ADDRESS)
        assert reply is None or (12 <= len(reply) <= len(query) + 16 and reply[:2] == query[:2])


def test_probes_are_known_by_their_paths():
    assert probes.system("captive.apple.com", "/hotspot-detect.html") == "iOS, macOS"
    assert probes.system("a.vendor.example", "/generate_204") == "Android"
    assert probes.system("networkcheck.kde.org", "/") == "KDE"
    assert probes.system("www.example.com", "/") is None


def test_the_portal_is_at_a_plain_address():
    assert probes.redirection("192.168.4.1", 80) == "http://192.168.4.1/"
    assert probes.redirection("127.0.0.1", 8080) == "http://127.0.0.1:8080/"

# heap: 8m
# One flipped bit anywhere in what reading a record touches.
import record_faults


def test_a_flipped_bit_never_changes_what_a_record_says():
    """In a folder that is new, after some saves and after many, small and in blocks of its own. Proves: OTA-4+"""
    for program in (32, 256):
        for saves, size in ((1, 10), (7, 10), (70, 10), (5, 900)):
            count, lost = record_faults.tried(program, saves, size)
            assert count > 250
            assert lost == [], (program, saves, size, len(lost), lost[:3])

# heap: 16m
# One bad read or one flipped bit at a start: the figure boot_faults_survived of `make figures`.
import boot_faults


def test_one_bad_read_or_flipped_bit_at_a_start_never_ends_in_no_version_or_a_wrong_one():
    """Proves: OTA-3+, OTA-4+, REL-3+"""
    told = boot_faults.tried()
    assert told["tried"] > 1000
    assert told["lost"] == []
    assert told["survived"] == told["tried"]

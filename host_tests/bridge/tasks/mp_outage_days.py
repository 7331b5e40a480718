# heap: 32m
# How often the flash is written without a broker, and what that wears. `make figures` takes 45 days.
import outage_days


def test_days_without_a_broker_wear_the_flash_by_less_than_a_twentieth_of_its_life_a_year():
    """100,000 erases of a block, everything writing as often as it may; 192 flushes a day at most. Proves: NET-5+"""
    told = outage_days.days(10)
    assert told["writes_per_day"] <= 144 + 48
    assert told["years"] >= 20, told
    assert told["days_held"] == 10

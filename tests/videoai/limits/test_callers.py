import pytest

from videoai.limits.callers import neighbourhood


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
    ],
)
def test_whoever_has_one_address_of_ipv6_has_its_neighbours_too(address, counted_as):
    assert neighbourhood(address) == counted_as

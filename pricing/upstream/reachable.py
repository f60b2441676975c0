"""To which addresses a price list may be fetched from: the public internet's, and no other."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Of protocols, not of servers; which of it is global is told differently by different versions of Python.
PROTOCOLS = ip_network("192.0.0.0/24")
# NAT64: the IPv4 address stands in the last four bytes.
TRANSLATED = ip_network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Is it an address of the public internet, and none that leads into some network from behind?

    Private, loopback, link-local, shared (CGNAT), multicast and reserved ones are not, however they are
    written: an IPv6 address that carries an IPv4 one is judged by both.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return all(_is_public(one) for one in (address, *_carried(address)))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.is_site_local):
        return address.ipv4_mapped is not None  # then the carried one decides
    if isinstance(address, IPv6Address) and address in TRANSLATED:
        return True  # likewise
    if isinstance(address, IPv4Address) and address in PROTOCOLS:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: Address) -> list[IPv4Address]:
    """The IPv4 addresses in an IPv6 one: mapped, by 6to4, by Teredo, by NAT64."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in TRANSLATED:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]

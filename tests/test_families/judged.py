"""What pyroute2 sees of the host it runs on; run on the model and on the kernel alike."""

from pyroute2 import IPRoute


def listed(route: IPRoute) -> None:
    """Print links, addresses and routes."""
    for link in route.get_links():
        print(link["index"], link["flags"], *map(link.get_attr, (
            "IFLA_IFNAME", "IFLA_MTU", "IFLA_ADDRESS", "IFLA_OPERSTATE")))
    for address in route.get_addr():
        print(address.get_attr("IFA_ADDRESS"), address["prefixlen"], address["scope"])
    for each in route.get_routes():
        print(each.get_attr("RTA_DST"), each["dst_len"], each["type"])


with IPRoute() as route:
    listed(route)
    print(route.link_lookup(ifname="lo"))
    try:
        route.link("set", index=77, state="up")
    except Exception as error:
        print(error)
    route.addr("add", index=1, address="192.0.2.7", prefixlen=24)
    print([each.get_attr("IFA_ADDRESS") for each in route.get_addr()])
    route.addr("del", index=1, address="192.0.2.7", prefixlen=24)
    route.link("set", index=1, state="down")
    print(route.get_links(1)[0]["flags"])

-- SPDX-License-Identifier: BSD-3-Clause
--
-- UDP packets of N flows through a NAT, out by Pktgen's port 0 and back by its port 1.
--
-- Ranges of Pktgen step together: packet i takes the i-th value of each range, modulo its size. So
-- ranges whose sizes have no common divisor make as many flows as the product of their sizes: hosts
-- inside, each of which talks to a server of its own, and ports. But Pktgen writes its packets when
-- it starts to send, and repeats the 24 576 of a queue. More flows than that come from files.
--
-- Either way a server and a port occur in one flow only; a NAT that keeps ports where it can keeps
-- all, and the packets from outside are known before one has come out.
local traffic = {}

traffic.flows = {
    ["1"] = {hosts = 1, ports = 1},
    ["1k"] = {hosts = 8, ports = 127},
    ["20k"] = {hosts = 5, ports = 4093},
    ["files"] = {},  -- those of Pktgen's -s 0:lan.pcap -s 1:wan.pcap, of whatever size
}

-- As in README.md's command lines of sluice.
local sides = {
    [0] = {name = "inside", router = "192.168.0.2", gateway = "192.168.0.1"},
    [1] = {name = "outside", router = "198.51.100.254", gateway = "198.51.100.1"},
}
local first_host, first_server, public = {10, 1, 0, 0}, {203, 0, 113, 0}, "198.51.100.1"
local first_port, server_port = 1024, 443

local function address(first, offset)
    return string.format("%d.%d.%d.%d", first[1], first[2], first[3], first[4] + offset)
end

local function fail(text)
    io.write("pktgen: " .. text .. "\n")
    io.flush()
    os.exit(1)
end

-- A range of one value has no step.
local function set_range(field, port, first, last, size)
    field(port, "start", first)
    field(port, "min", first)
    field(port, "max", last)
    field(port, "inc", size > 1 and 1 or 0)
end

local function set_addresses(field, port, first, size)
    field(port, "start", address(first, 0))
    field(port, "min", address(first, 0))
    field(port, "max", address(first, size - 1))
    field(port, "inc", size > 1 and "0.0.0.1" or "0.0.0.0")
end

local function set_fixed(field, port, value)
    field(port, "start", value)
    field(port, "min", value)
    field(port, "max", value)
    field(port, "inc", type(value) == "string" and "0.0.0.0" or 0)
end

local function mac_of(port)
    return pktgen.portInfo(tostring(port))[port].info.l2_l3_info.dst_mac
end

-- Makes Pktgen the router of both sides: it answers sluice's ARP requests and learns its MAC from
-- them. On ports that do not answer ARP, give the MAC addresses as LAN_MAC and WAN_MAC.
function traffic.meet()
    pktgen.screen("off")
    local given = {[0] = os.getenv("LAN_MAC"), [1] = os.getenv("WAN_MAC")}
    local before = {}
    pktgen.mac_from_arp("on")
    for port, side in pairs(sides) do
        local name = tostring(port)
        pktgen.set_ipaddr(name, "src", side.router .. "/24")
        pktgen.set_ipaddr(name, "dst", side.gateway)
        if given[port] then
            pktgen.set_mac(name, "dst", given[port])
        end
        before[port] = mac_of(port)
    end
    pktgen.process("all", "on")
    for port, side in pairs(sides) do
        local tries = 0
        while not given[port] and mac_of(port) == before[port] do
            tries = tries + 1
            if tries > 300 then
                fail("sluice does not ask for " .. side.router .. " " .. side.name)
            end
            pktgen.delay(100)
        end
        side.mac = given[port] or mac_of(port)
    end
end

local function prepare_ranges(flows, size)
    local hosts, ports = flows.hosts, flows.ports
    local range = pktgen.range
    for port = 0, 1 do
        local name = tostring(port)
        range.dst_mac(name, "start", sides[port].mac)
        range.ip_proto(name, "udp")
        set_fixed(range.ttl, name, 64)
        set_fixed(range.pkt_size, name, size)
    end
    set_addresses(range.src_ip, "0", first_host, hosts)
    set_addresses(range.dst_ip, "0", first_server, hosts)
    set_range(range.src_port, "0", first_port, first_port + ports - 1, ports)
    set_fixed(range.dst_port, "0", server_port)
    set_addresses(range.src_ip, "1", first_server, hosts)
    set_fixed(range.dst_ip, "1", public)
    set_fixed(range.src_port, "1", server_port)
    set_range(range.dst_port, "1", first_port, first_port + ports - 1, ports)
    pktgen.set_range("all", "on")
end

-- Makes ready what both ports send; the size is that on the wire, 64 to 1518.
function traffic.prepare(flows, size)
    if flows.hosts then
        prepare_ranges(flows, size)
    else
        pktgen.pcap("all", "on")
    end
end

local function counts()
    local stats = pktgen.portStats("all", "port")
    return {sent = {[0] = stats[0].opackets, [1] = stats[1].opackets},
            received = {[0] = stats[0].ipackets, [1] = stats[1].ipackets}}
end

-- Waits. A port that is not measured sends one burst a second, for Pktgen transmits its answers to
-- ARP together with its packets.
local function wait(seconds, idle)
    for _ = 1, seconds do
        if idle then
            pktgen.start(idle)
        end
        pktgen.delay(1000)
    end
end

-- Opens the flows by sending both ways, then sends in a direction: out, back or both. Returns
-- packets a second: sent, and received at the other port.
function traffic.measure(direction, rate, warm, seconds)
    local idle = ({out = "1", back = "0"})[direction]
    pktgen.set("all", "rate", rate)
    pktgen.set("all", "count", 0)
    pktgen.start("all")
    wait(warm)
    if idle then
        pktgen.stop(idle)
        pktgen.set(idle, "count", 64)
    end
    wait(2, idle)  -- the counters are read once a second
    local before = counts()
    wait(seconds, idle)
    local after = counts()
    pktgen.stop("all")
    wait(2)
    local function per_second(what, port)
        return (after[what][port] - before[what][port]) / seconds
    end
    local result = {sent = 0, received = 0}
    for port = 0, 1 do
        if idle ~= tostring(port) then
            result.sent = result.sent + per_second("sent", port)
            result.received = result.received + per_second("received", 1 - port)
        end
    end
    return result
end

return traffic

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

-- How many flows these are; of files, as many as the environment's FILE_FLOWS says.
function traffic.count(flows)
    if flows.hosts then
        return flows.hosts * flows.ports
    end
    return math.tointeger(tonumber(os.getenv("FILE_FLOWS") or "")) or
               error("FILE_FLOWS is to say how many flows the files have")
end

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

-- What Pktgen's process answers is no packet of a flow: each ARP request that a port receives, and
-- the answer that it sends.
local function arp_of(port)
    local stats = pktgen.pktStats and pktgen.pktStats("all")
    return stats and stats[port] and stats[port].arp_pkts or 0
end

local function counts()
    local stats = pktgen.portStats("all", "port")
    local result = {sent = {}, received = {}}
    for port = 0, 1 do
        result.sent[port] = stats[port].opackets - arp_of(port)
        result.received[port] = stats[port].ipackets - arp_of(port)
    end
    return result
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

local idle_port = {out = "1", back = "0"}  -- none of both
local measured_ports = {out = "0", back = "1", both = "all"}
local settle = 2  -- seconds: the counters are read once in one; so long RFC 2544 waits for the last

-- What was sent in a direction between two counts, and received at the other port.
local function between(before, after, direction)
    local sent, received = 0, 0
    for port = 0, 1 do
        if idle_port[direction] ~= tostring(port) then
            sent = sent + after.sent[port] - before.sent[port]
            received = received + after.received[1 - port] - before.received[1 - port]
        end
    end
    return sent, received
end

local function rest(direction)
    local idle = idle_port[direction]
    if idle then
        pktgen.stop(idle)
        pktgen.set(idle, "count", 64)
    end
    return idle
end

-- Opens the flows by sending both ways.
function traffic.open(rate, seconds)
    pktgen.set("all", "rate", rate)
    pktgen.set("all", "count", 0)
    pktgen.start("all")
    wait(seconds)
end

-- Opens the flows, then sends in a direction: out, back or both. Returns packets a second while it
-- sends: sent, and received at the other port.
function traffic.measure(direction, rate, warm, seconds)
    traffic.open(rate, warm)
    local idle = rest(direction)
    wait(settle, idle)
    local before = counts()
    wait(seconds, idle)
    local after = counts()
    pktgen.stop("all")
    wait(settle)
    local sent, received = between(before, after, direction)
    return {sent = sent / seconds, received = received / seconds}
end

-- Sends in a direction for so long, and waits for the last packet: every one counts. The flows are
-- open. `rate` is in percent of the line's. Returns packets a second, and the loss as a ratio of
-- what was sent.
function traffic.trial(direction, rate, seconds)
    local ports = measured_ports[direction]
    pktgen.stop("all")
    pktgen.set("all", "rate", rate)
    pktgen.set("all", "count", 0)
    local idle = rest(direction)
    wait(settle, idle)
    local before = counts()
    pktgen.start(ports)
    wait(seconds, idle)
    pktgen.stop(ports)
    wait(settle, idle)
    local sent, received = between(before, counts(), direction)
    return {rate = rate, seconds = seconds, sent = sent / seconds, received = received / seconds,
            loss = math.max(0, sent - received) / math.max(sent, 1)}
end

return traffic

-- SPDX-License-Identifier: BSD-3-Clause
--
-- The search for the highest rate without loss, and scripts/pktgen/sweep.lua with a Pktgen and a
-- gateway made of arithmetic: seconds pass by delay() only. Rows go to FOLDER of the environment.
local here = os.getenv("SLUICE_PKTGEN")
package.path = here .. "/?.lua"
local search = require "search"

local function check(is_so, what)
    if not is_so then
        error("not ok: " .. what, 2)
    end
end

-- A gateway that loses whatever is above its limit, by percent of the line's rate.
local function gateway(limit, tried)
    return function(rate, seconds)
        tried[#tried + 1] = {rate = rate, seconds = seconds}
        return {rate = rate, seconds = seconds, loss = math.max(0, rate - limit) / rate}
    end
end

local limits = {rate = 100, precision = 0.5, seconds = 1, confirm = 0, iterations = 20}

local function find(attempt, ratio, trials, changes)
    local params = {}
    for key, value in pairs(limits) do
        params[key] = value
    end
    for key, value in pairs(changes or {}) do
        params[key] = value
    end
    return search.highest(attempt, ratio, trials, params)
end

local function check_halving()
    for _, limit in ipairs({0.7, 3, 12.3456, 50, 75, 99.9}) do
        local tried = {}
        local low, high, made, is_near = find(gateway(limit, tried), 0, {})
        check(low.rate <= limit and limit < high.rate, "the limit is between the two")
        check(high.rate - low.rate <= 0.5 and is_near, "it comes as near as it is to")
        check(made == #tried and made <= 9, "after one trial and eight halves 100 is below 0.5")
    end
    local tried = {}
    local low, high, made = find(gateway(100, tried), 0, {})
    check(low.rate == 100 and not high and made == 1, "what passes at once needs one trial")
    low, high = find(gateway(0.1, {}), 0, {})
    check(not low and high.rate <= 0.5, "where nothing passes there is no rate")
    local _, _, few, is_near = find(gateway(60, {}), 0, {}, {iterations = 3})
    check(few == 3 and not is_near, "so many trials and no more")
end

local function check_loss_ratio()
    local tried, trials = {}, {}
    local low = find(gateway(50, tried), 0, trials)
    local before = #tried
    local pdr, high = find(gateway(50, tried), 0.1, trials)
    -- Of r percent r - 50 are lost: a tenth at 55.6.
    check(pdr.rate > 55 and pdr.rate <= 50 / 0.9 and high.rate > 50 / 0.9, "a tenth may be lost")
    check(low.rate <= 50 and #tried - before <= 8, "it begins where the search before it ended")
    for at = before + 1, #tried do
        check(tried[at].rate ~= 100 and tried[at].rate ~= 50, "no rate is tried twice")
    end
end

local function check_confirming()
    local tried = {}
    local low, _, made = find(gateway(50, tried), 0, {}, {confirm = 60})
    check(tried[#tried].seconds == 60 and tried[#tried].rate == low.rate, "the last trial is long")
    check(low.seconds == 60 and made == #tried, "and is what is told")
    -- A gateway that loses something in a minute from 30 % on, and in a second from 50 % on.
    local function tires(rate, seconds)
        return gateway(seconds > 1 and 30 or 50, {})(rate, seconds)
    end
    local lower, high, _, is_near = find(tires, 0, {}, {confirm = 60, iterations = 100})
    check(lower.seconds == 60 and lower.rate <= 30 and lower.rate > 28 and is_near,
          "what fails when it is confirmed has failed: the search goes on below")
    check(high.seconds == 60, "as far as it has to")
end

-- What passes above a rate that failed tells nothing.
local function check_noise()
    local nth = 0
    local function noisy(rate, seconds)
        nth = nth + 1
        local loses = nth == 1 or nth == 2 or rate > 80
        return {rate = rate, seconds = seconds, loss = loses and 0.1 or 0}
    end
    local low, high = find(noisy, 0, {})
    check(low.rate <= 50 and high.rate == 50, "a rate that fails once bounds the search")
end

local line = 1e6  -- packets a second at 100 %
local limit = 423456  -- of the gateway's, each way
local clock = 0
local ports = {[0] = {opackets = 0, ipackets = 0, arp_pkts = 0, rate = 100, count = 0},
               [1] = {opackets = 0, ipackets = 0, arp_pkts = 0, rate = 100, count = 0}}

local function each(list, call)
    for port = 0, 1 do
        if list == "all" or list == tostring(port) then
            call(ports[port], port)
        end
    end
end

local function pass(port, packets, through)
    port.opackets = port.opackets + packets
    local other = ports[port == ports[0] and 1 or 0]
    other.ipackets = other.ipackets + through
end

local function ignore()
end

local fields = setmetatable({}, {__index = function() return ignore end})
pktgen = setmetatable({
    range = fields,
    portInfo = function(name)
        return {[tonumber(name)] = {info = {l2_l3_info = {dst_mac = "02:00:00:00:00:01"}}}}
    end,
    set = function(list, key, value)
        each(list, function(port) port[key] = value end)
    end,
    start = function(list)
        each(list, function(port)
            if port.count ~= 0 then
                pass(port, port.count, port.count)
            else
                port.sends = true
            end
        end)
    end,
    stop = function(list)
        each(list, function(port) port.sends = false end)
    end,
    delay = function(milliseconds)
        clock = clock + milliseconds
        for at = 0, 1 do
            local port = ports[at]
            local share = port.sends and port.rate / 100 or 0
            local sent = math.floor(line * share * milliseconds / 1000)
            pass(port, sent, math.min(sent, math.floor(limit * milliseconds / 1000)))
            -- The gateway asks by ARP once a second: a packet that was received, and the answer.
            port.arp_pkts, port.ipackets = port.arp_pkts + 1, port.ipackets + 1
            port.opackets = port.opackets + 1
        end
    end,
    portStats = function()
        local copy = {}
        each("all", function(port, at)
            copy[at] = {opackets = port.opackets, ipackets = port.ipackets}
        end)
        return copy
    end,
    pktStats = function()
        return {[0] = {arp_pkts = ports[0].arp_pkts}, [1] = {arp_pkts = ports[1].arp_pkts}}
    end,
}, {__index = function() return ignore end})

-- sweep.lua with such an environment, for what it writes.
local function sweep(name, environment)
    environment.OUTPUT = os.getenv("FOLDER") .. "/" .. name
    environment.SLUICE_PKTGEN = here
    environment.LAN_MAC, environment.WAN_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
    local real = os.getenv
    os.getenv = function(key) return environment[key] end
    dofile(here .. "/sweep.lua")
    os.getenv = real
    collectgarbage()  -- closes the file
end

check_halving()
check_loss_ratio()
check_confirming()
check_noise()
sweep("search", {SEARCH = "ndr pdr", FLOWS = "1k", SIZES = "64 1518", DURATION = "1", CONFIRM = "2",
                 PRECISION = "0.5", MACHINE = 'of "arithmetic"'})
sweep("sweep", {FLOWS = "files", FILE_FLOWS = "40000", SIZES = "64", DIRECTIONS = "out", WARM = "1",
                DURATION = "2", ROUNDS = "3", WORKERS = "4", MACHINE = "another"})

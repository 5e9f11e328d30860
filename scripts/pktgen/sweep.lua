-- SPDX-License-Identifier: BSD-3-Clause
--
-- Packets a second through sluice for each number of flows, size and direction, or with SEARCH the
-- highest rate without loss. README.md says what the environment chooses; the rows go to OUTPUT,
-- for Pktgen draws on the screen.
local here = os.getenv("SLUICE_PKTGEN") or "scripts/pktgen"
package.path = package.path .. ";" .. here .. "/?.lua"
local rows = require "rows"
local search = require "search"
local traffic = require "traffic"

local function text(name, default)
    return os.getenv(name) or default
end

local function words(name, default)
    return string.gmatch(text(name, default), "%S+")
end

local function number(name, default)
    return tonumber(os.getenv(name) or default) or error(name .. " is not a number")
end

local rate, warm, duration = number("RATE", 100), number("WARM", 5), number("DURATION", 10)
local rounds = number("ROUNDS", 1)
-- Pktgen's rfc2544.lua calls them duration, confirmDuration, seekPrec and numIterations.
local limits = {rate = rate, seconds = duration, confirm = number("CONFIRM", 60),
                precision = number("PRECISION", 0.15), iterations = number("ITERATIONS", 20)}
local pdr_loss = number("PDR_LOSS", 0.5)  -- percent; FD.io CSIT's
local goals = {ndr = {name = "NDR", ratio = 0},
               pdr = {name = string.format("PDR %g %%", pdr_loss), ratio = pdr_loss / 100}}
local output = os.getenv("OUTPUT") and assert(io.open(os.getenv("OUTPUT"), "w")) or io.stdout

local function print_row(object)
    output:write(object.json, "\n")
    output:flush()
end

local function print_head()
    print_row(rows.object {
        {"machine", text("MACHINE", "not said")}, {"date", os.date("!%Y-%m-%d")},
        {"generator", text("GENERATOR", "Pktgen-DPDK")}, {"rate", rate}, {"rounds", rounds},
        {"duration", duration}, {"confirm", limits.confirm}, {"precision", limits.precision},
    })
end

-- Under the whole rate, whatever is lost of it.
local function print_sweep(case, direction)
    local sent, received, lost = {}, {}, {}
    for round = 1, rounds do
        local took = traffic.measure(direction, rate, warm, duration)
        sent[round], received[round] = took.sent, took.received
        lost[round] = 100 * math.max(0, 1 - took.received / math.max(took.sent, 1))
    end
    print_row(rows.figure_of(case, "packets/s sent", sent))
    print_row(rows.figure_of(case, "packets/s", received))
    print_row(rows.figure_of(case, "% of packets lost", lost))
end

-- The least is what passed, the most what was sent when it failed; the rounds are the trials.
local function print_found(case, name, low, high, made, is_near)
    local passed = low and low.received or 0
    local most = math.max(passed, high and high.sent or passed)
    name = is_near and name or name .. ", not as near as it was to"
    print_row(rows.figure(case, "packets/s, " .. name, passed, passed, most, made))
    local share = low and low.rate or 0
    print_row(rows.figure(case, "% of the line's rate, " .. name, share, share,
                          high and high.rate or share, made))
end

local function print_search(case, direction)
    traffic.open(rate, warm)
    local trials = {}
    local function attempt(at, seconds)
        return traffic.trial(direction, at, seconds)
    end
    for word in words("SEARCH") do
        local goal = goals[word] or error("SEARCH is of ndr and pdr")
        local before = #trials
        local low, high, _, is_near = search.highest(attempt, goal.ratio, trials, limits)
        print_found(case, goal.name, low, high, math.max(1, #trials - before), is_near)
    end
end

local function print_case(case, direction)
    if text("SEARCH", ""):find("%S") then
        print_search(case, direction)
    else
        print_sweep(case, direction)
    end
end

print_head()
traffic.meet()
for name in words("FLOWS", "1 1k 20k") do
    local flows = traffic.flows[name] or error("FLOWS is of 1, 1k, 20k and files")
    for size in words("SIZES", "64 128 256 512 1024 1518") do
        traffic.prepare(flows, tonumber(size))
        for direction in words("DIRECTIONS", "out back both") do
            -- As sluice-bench calls it: half of the packets go each way.
            local way = direction == "both" and "half" or direction
            print_case({bytes = tonumber(size), direction = way, flows = traffic.count(flows),
                        order = flows.hosts and "in turn" or "random",
                        burst = number("BURST", 32), workers = number("WORKERS", 1)}, direction)
        end
    end
end
pktgen.quit()

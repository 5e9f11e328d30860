-- SPDX-License-Identifier: BSD-3-Clause
--
-- Packets a second through sluice for each number of flows, size and direction. The environment
-- chooses: FLOWS (of 1 1k 20k files), SIZES (bytes on the wire), DIRECTIONS (of out back both),
-- RATE (percent of the line's), WARM and DURATION (seconds before it counts, and while), OUTPUT (a
-- file for the rows; Pktgen draws on the screen).
local here = os.getenv("SLUICE_PKTGEN") or "scripts/pktgen"
package.path = package.path .. ";" .. here .. "/?.lua"
local traffic = require "traffic"

local function words(name, default)
    return string.gmatch(os.getenv(name) or default, "%S+")
end

local function number(name, default)
    return tonumber(os.getenv(name) or default)
end

local output = os.getenv("OUTPUT") and io.open(os.getenv("OUTPUT"), "w") or io.stdout

local function print_row(...)
    output:write(string.format("%-6s %5s %-5s %12s %12s %8s\n", ...))
    output:flush()
end

traffic.meet()
print_row("flows", "bytes", "way", "sent/s", "received/s", "lost")
for flows in words("FLOWS", "1 1k 20k") do
    for size in words("SIZES", "64 128 256 512 1024 1518") do
        traffic.prepare(traffic.flows[flows], tonumber(size))
        for direction in words("DIRECTIONS", "out back both") do
            local rate = traffic.measure(direction, number("RATE", 100), number("WARM", 5),
                                         number("DURATION", 10))
            local lost = 100 * (1 - rate.received / math.max(rate.sent, 1))
            print_row(flows, size, direction, string.format("%.0f", rate.sent),
                      string.format("%.0f", rate.received), string.format("%.3f %%", lost))
        end
    end
end
pktgen.quit()

-- SPDX-License-Identifier: BSD-3-Clause
--
-- Rows of a measurement as sluice-bench --json prints them, one JSON object a line, for
-- scripts/bench --pktgen. The first says where and how it was measured.
local rows = {}

local function quoted(text)
    return '"' .. text:gsub('[%c"\\]', function(character)
        return string.format("\\u%04x", character:byte())
    end) .. '"'
end

local function text_of(value)
    if type(value) == "string" then
        return quoted(value)
    end
    if type(value) == "boolean" then
        return tostring(value)
    end
    return value == math.floor(value) and string.format("%.0f", value) or
               string.format("%.6g", value)
end

-- An object of {key, value} pairs, in their order; what is text in braces stays as it is.
function rows.object(pairs_of)
    local parts = {}
    for _, pair in ipairs(pairs_of) do
        local value = pair[2]
        local is_object = type(value) == "table"
        parts[#parts + 1] = quoted(pair[1]) .. ": " .. (is_object and value.json or text_of(value))
    end
    return {json = "{" .. table.concat(parts, ", ") .. "}"}
end

local null = {json = "null"}

function rows.median(values)
    local sorted = {table.unpack(values)}
    table.sort(sorted)
    local middle = #sorted // 2
    return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

-- case: flows, order, bytes, direction, burst, workers.
function rows.figure(case, unit, value, least, most, rounds)
    local of = rows.object {
        {"proto", string.format("udp, %d bytes", case.bytes)}, {"direction", case.direction},
        {"order", case.order}, {"burst", case.burst}, {"flows", case.flows},
        {"workers", case.workers},
    }
    return rows.object {
        {"bench", "pktgen"}, {"case", of}, {"value", value}, {"unit", unit}, {"min", least},
        {"max", most}, {"rounds", rounds}, {"peer", null}, {"ratio", null}, {"target", null},
        {"reached", null},
    }
end

-- Of several rounds.
function rows.figure_of(case, unit, values)
    return rows.figure(case, unit, rows.median(values), math.min(table.unpack(values)),
                       math.max(table.unpack(values)), #values)
end

return rows

// SPDX-License-Identifier: BSD-3-Clause
#include "listing/expectation_list.h"

#include "flow/reading.h"
#include "helper/ports.h"
#include "listing/flow_text.h"
#include "listing/walk.h"
#include "nat/expectations.h"
#include "net/gre.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::listing {
namespace {

using net::Direction;
using net::Tuple;

std::string number(unsigned value) {
    return std::to_string(value);
}

std::string hex(unsigned value) {
    std::array<char, 8> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr};
}

std::string ends(const Tuple& tuple, const std::string& front, const nat64::Naming& naming) {
    const nat64::WireEnds ends = naming.ends(tuple);
    return front + "src=" + nat64::to_string(ends.source) + " " + front +
           "dst=" + nat64::to_string(ends.destination) + " ";
}

std::string ports(const Tuple& tuple) {
    return "sport=" + number(tuple.source_port.host()) +
           " dport=" + number(tuple.destination_port.host()) + " ";
}

/// What of an expected packet is known, and of what everything is asked: of a call both IDs.
std::string expected_ports(const ExpectationEntry& entry) {
    constexpr const char* kAddresses = "mask-src=255.255.255.255 mask-dst=255.255.255.255 ";
    if (!net::is_call(entry.expected))
        return ports(entry.expected) + kAddresses + "sport=0 dport=65535 ";
    return "srckey=0x" + hex(entry.call_id.host()) + " dstkey=0x" +
           hex(entry.expected.destination_port.host()) + " " + kAddresses +
           "srckey=0xffff dstkey=0xffff ";
}

/// `call_id`: of the sender, where the tuple is of a call.
std::string ends_json(const Tuple& tuple, const nat64::Naming& naming, Be16 call_id = {}) {
    const nat64::WireEnds ends = naming.ends(tuple);
    std::string text = R"({"src":")" + nat64::to_string(ends.source) + R"(","dst":")" +
                       nat64::to_string(ends.destination) + '"';
    if (net::is_call(tuple)) {
        text += R"(,"srckey":)" + number(call_id.host()) + R"(,"dstkey":)" +
                number(tuple.destination_port.host());
    } else {
        if (tuple.source_port != Be16{})
            text += R"(,"sport":)" + number(tuple.source_port.host());
        text += R"(,"dport":)" + number(tuple.destination_port.host());
    }
    if (tuple.zone != 0)
        text += R"(,"zone":)" + number(tuple.zone);
    return text + '}';
}

/// Behind the address of who waits. A call's IDs stand in the tuple.
std::string port_json(const ExpectationEntry& entry) {
    return net::is_call(entry.expected) ? "\"" : R"(","port":)" + number(entry.waits.port.host());
}

unsigned seconds(Duration left) {
    return static_cast<unsigned>(std::max(left.milliseconds, 0)) / 1000;
}

/// Those of a segment, within a reading.
std::vector<ExpectationEntry> expectations_from(flow::FlowTable& table, uint32_t first, Tick now) {
    std::vector<ExpectationEntry> result;
    table.for_each_live(first, first + kSegment, [&](uint32_t, flow::FlowRecord& record) {
        if (record.kind() != flow::Kind::Expectation)
            return;
        const Duration left = record.deadline.load(std::memory_order_relaxed) - now;
        // What lives within a reading is not reused before its end, the master neither.
        const auto master = nat::master_of(table, record, now);
        if (left <= Duration{} || !master)
            return;
        const Tuple& reply = record.key(Direction::Reply);
        const bool is_call = net::is_call(reply);
        result.push_back({record.key(Direction::Original),
                          {reply.source, is_call ? Be16{} : reply.source_port},
                          table.record(*master).key(Direction::Original),
                          left,
                          is_call ? nat::Expected::of(record).call_id : Be16{}});
    });
    return result;
}

}  // namespace

std::vector<ExpectationEntry> expectations(flow::FlowTable& table, Tick now) {
    std::vector<ExpectationEntry> all;
    for (uint32_t first = 0; first < table.capacity(); first += kSegment) {
        const auto some =
            flow::read_records(table, [&] { return expectations_from(table, first, now); });
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

std::string expectations_text(const std::vector<ExpectationEntry>& entries,
                              const nat64::Naming& naming) {
    std::string text;
    for (const ExpectationEntry& entry : entries) {
        const net::Protocol protocol = entry.expected.protocol;
        text += number(seconds(entry.left)) + " proto=" + number(index(protocol)) + " " +
                ends(entry.expected, "", naming) + expected_ports(entry) +
                ends(entry.master, "master-", naming) + ports(entry.master);
        if (const auto zone = std::max(entry.expected.zone, entry.master.zone); zone != 0)
            text += "zone=" + number(zone) + " ";
        text += "class=0 helper=" + std::string(helper::name_of(helper::foreteller_of(protocol))) +
                "\n";
    }
    return text;
}

std::string expectations_json(const std::vector<ExpectationEntry>& entries,
                              const nat64::Naming& naming) {
    std::string text = "[";
    for (const ExpectationEntry& entry : entries) {
        const net::Protocol protocol = entry.expected.protocol;
        text += (text.size() == 1 ? "" : ",\n") + std::string(R"({"protocol":")") +
                std::string(protocol_name(protocol)) + R"(","timeout":)" +
                number(seconds(entry.left)) + R"(,"expected":)" +
                ends_json(entry.expected, naming, entry.call_id) + R"(,"target":{"address":")" +
                nat64::to_string(naming.host(entry.waits.address)) + port_json(entry) +
                R"(},"master":)" + ends_json(entry.master, naming) + R"(,"helper":")" +
                std::string(helper::name_of(helper::foreteller_of(protocol))) + "\"}";
    }
    return text + "]\n";
}

}  // namespace sluice::listing

// SPDX-License-Identifier: BSD-3-Clause
#include "command/packet_query.h"

#include <charconv>
#include <string>

namespace sluice::command {
namespace {

using listing::FlowFilter;
using listing::InterfaceName;
using listing::PacketStreamParams;
using listing::Query;
using observe::Which;
using observe::Wish;

constexpr uint64_t kMostSeconds = uint64_t{365} * 24 * 3600;

/// A number from 1 to `most`.
Result<uint64_t> read_number(const std::string& name, const std::string& text, uint64_t most) {
    uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value == 0 || value > most)
        return Error{name + "=" + text + " is not a number from 1 to " + std::to_string(most) +
                     "."};
    return value;
}

Status read_way(const std::string& text, Wish& wish) {
    if (text == "in")
        wish.which = Which::Coming;
    else if (text == "out")
        wish.which = Which::Leaving;
    else if (text == "both")
        wish.which = Which::Both;
    else
        return Error{"way=" + text + " is neither in nor out nor both."};
    return Done{};
}

Status read_drops(const std::string& text, Wish& wish) {
    wish.which = Which::Dropped;
    if (text == "1")
        return Done{};
    for (size_t i = 0; i < stats::kDropCount; ++i)
        if (text == stats::drop_name(static_cast<stats::Drop>(i)))
            wish.reason = static_cast<stats::Drop>(i);
    if (!wish.reason)
        return Error{"There is no drop reason called " + text +
                     "; `sluicectl stats --all` lists them."};
    return Done{};
}

/// One interface by its name, or all of a side. Which side a packet comes from by one that has both
/// is known too late to ask for it.
Status read_origin(const std::string& text, std::span<const InterfaceName> interfaces, Wish& wish) {
    std::string names;
    for (size_t id = 0; id < interfaces.size(); ++id) {
        const InterfaceName& each = interfaces[id];
        names += ", " + each.name;
        if (each.name == text || each.realm == text)
            wish.from.push_back(static_cast<uint16_t>(id));
    }
    if (!wish.from.empty())
        return Done{};
    if (text == "inside" || text == "outside")
        return Error{"from=" + text + " says nothing where one interface has both sides."};
    return Error{"from=" + text + " is none of inside, outside" + names + "."};
}

Status read_count(const std::string& name, const std::string& text, PacketStreamParams& params) {
    const auto number = read_number(name, text,
                                    name == "count"     ? UINT64_MAX
                                    : name == "seconds" ? kMostSeconds
                                                        : observe::kWholeFrame);
    if (!number)
        return number.error();
    if (name == "count")
        params.count = *number;
    else if (name == "seconds")
        params.time = std::chrono::seconds(*number);
    else
        params.wish.snaplen = static_cast<uint32_t>(*number);
    return Done{};
}

}  // namespace

Result<PacketStreamParams> read_packet_query(const Query& query, PacketStreamParams::Form form,
                                             const nat64::Naming& naming,
                                             std::span<const InterfaceName> interfaces) {
    PacketStreamParams params;
    params.form = form;
    if (query.count("way") + query.count("drops") > 1)
        return Error{
            "way and drops do not go together: a packet that is dropped leaves by no way."};
    Query words;
    for (const auto& [name, value] : query) {
        Status read = Done{};
        if (query.count(name) > 1)
            read = Error{name + " is given more than once."};
        else if (name == "way")
            read = read_way(value, params.wish);
        else if (name == "drops")
            read = read_drops(value, params.wish);
        else if (name == "from")
            read = read_origin(value, interfaces, params.wish);
        else if (name == "count" || name == "seconds" || name == "snaplen")
            read = read_count(name, value, params);
        else
            words.emplace(name, value);
        if (!read)
            return read.error();
    }
    const auto filter = FlowFilter::parse(words, naming);
    if (!filter)
        return filter.error();
    params.wish.filter = filter.value();
    params.state = filter.value().state;
    return params;
}

}  // namespace sluice::command

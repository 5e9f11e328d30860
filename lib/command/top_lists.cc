// SPDX-License-Identifier: BSD-3-Clause
#include "command/top_lists.h"

#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "listing/top_hosts.h"
#include "net/text.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

namespace sluice::command {
namespace {

using listing::Format;
using listing::HostOrder;
using listing::Query;
using nlohmann::ordered_json;

constexpr uint32_t kMostListed = 10'000;

Result<uint32_t> take_top(Query& query) {
    const auto found = query.find("top");
    if (found == query.end())
        return 20;
    uint32_t top = 0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), top);
    if (error != std::errc{} || end != text.data() + text.size() || top < 1 || top > kMostListed)
        return Error{"top=" + text + " is not a number from 1 to " + std::to_string(kMostListed) +
                     "."};
    query.erase(found);
    return top;
}

Result<HostOrder> take_order(Query& query) {
    const auto found = query.find("by");
    if (found == query.end())
        return HostOrder::Flows;
    const std::string by = found->second;
    query.erase(found);
    if (by == "flows")
        return HostOrder::Flows;
    if (by == "ports")
        return HostOrder::Ports;
    if (by == "rate")
        return HostOrder::Rate;
    return Error{"by=" + by + " is neither flows, ports nor rate."};
}

Error unknown(const Query& query, const std::string& known) {
    return Error{query.begin()->first + " is not known here, or given twice; there are " + known +
                 " and format."};
}

/// Columns, the first flush left and the others flush right; a rest stands behind them.
class Columns {
public:
    void row(std::initializer_list<std::string> cells, const std::string& rest = "") {
        constexpr size_t kFirst = 20;
        constexpr size_t kOther = 12;
        size_t width = 0;
        for (const std::string& cell : cells) {
            const size_t pad = (width == 0 ? kFirst : kOther);
            const std::string blanks(pad > cell.size() ? pad - cell.size() : 1, ' ');
            text_ += width == 0 ? cell + blanks : blanks + cell;
            ++width;
        }
        text_ += rest.empty() ? "\n" : "  " + rest + "\n";
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string hosts_text(const std::vector<listing::TopHost>& tops) {
    Columns columns;
    columns.row({"host", "flows", "half_open", "ports", "blocks", "rate", "refused"});
    for (const auto& [host, ports, blocks] : tops)
        columns.row({net::to_string(host.address), std::to_string(host.flows),
                     std::to_string(host.half_open), std::to_string(ports), std::to_string(blocks),
                     std::to_string(host.rate), std::to_string(host.refused)},
                    host.zone == 0 ? "" : "zone=" + std::to_string(host.zone));
    return columns.take();
}

std::string hosts_json(const std::vector<listing::TopHost>& tops) {
    ordered_json list = ordered_json::array();
    for (const auto& [host, ports, blocks] : tops) {
        list.push_back({{"host", net::to_string(host.address)},
                        {"flows", host.flows},
                        {"half_open", host.half_open},
                        {"ports", ports},
                        {"blocks", blocks},
                        {"rate", host.rate},
                        {"refused", host.refused}});
        if (host.zone != 0)
            list.back()["zone"] = host.zone;
    }
    return list.dump() + "\n";
}

uint32_t ports_left(const Subject& subject, const listing::Pressure& pressure) {
    const uint32_t room = subject.ports_of(pressure.address);
    return room - std::min(room, pressure.used);
}

}  // namespace

Result<std::string> hosts_list(const Subject& subject, Query query, Format format) {
    const auto top = take_top(query);
    if (!top)
        return top.error();
    const auto order = take_order(query);
    if (!order)
        return order.error();
    if (!query.empty())
        return unknown(query, "top, by");
    const auto tops = listing::top_hosts(subject.hosts, subject.flows, *order, *top, subject.now());
    return format == Format::Text ? hosts_text(tops) : hosts_json(tops);
}

Result<std::string> ports_list(const Subject& subject, Query query, Format format) {
    const auto top = take_top(query);
    if (!top)
        return top.error();
    if (!query.empty())
        return unknown(query, "top");
    const auto list = listing::port_pressure(subject.flows, *top, subject.now());
    Columns columns;
    columns.row({"address", "protocol", "used", "left"}, "destination");
    ordered_json json = ordered_json::array();
    for (const listing::Pressure& one : list) {
        const std::string protocol(listing::protocol_name(one.protocol));
        const uint32_t left = ports_left(subject, one);
        columns.row(
            {net::to_string(one.address), protocol, std::to_string(one.used), std::to_string(left)},
            listing::destination_of(one));
        json.push_back({{"address", net::to_string(one.address)},
                        {"protocol", protocol},
                        {"destination", listing::destination_of(one)},
                        {"used", one.used},
                        {"left", left}});
    }
    return format == Format::Text ? columns.take() : json.dump() + "\n";
}

}  // namespace sluice::command

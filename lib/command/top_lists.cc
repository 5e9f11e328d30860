// SPDX-License-Identifier: BSD-3-Clause
#include "command/top_lists.h"

#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "listing/top_hosts.h"
#include "listing/traffic_totals.h"
#include "net/text.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

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

Result<HostOrder> take_order(Query& query, bool is_counted) {
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
    if (by == "bytes" && is_counted)
        return HostOrder::Bytes;
    return Error{"by=" + by +
                 (by == "bytes" ? " wants a gateway with --accounting."
                                : " is neither flows, ports, rate nor bytes.")};
}

Error unknown(const Query& query, const std::string& known) {
    return Error{query.begin()->first + " is not known here, or given twice; there are " + known +
                 " and format."};
}

/// Columns, the first flush left and the others flush right; a rest stands behind them.
class Columns {
public:
    void row(const std::vector<std::string>& cells, const std::string& rest = "") {
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

void add_traffic(std::vector<std::string>& cells, const hosts::SideTraffic& traffic) {
    for (const flow::Traffic& way : {traffic.out, traffic.in}) {
        cells.push_back(std::to_string(way.packets));
        cells.push_back(std::to_string(way.bytes));
    }
}

ordered_json traffic_json(const flow::Traffic& traffic) {
    return {{"packets", traffic.packets}, {"bytes", traffic.bytes}};
}

/// What the lists of hosts must know.
struct HostWords {
    bool is_counted = false;
    hosts::SideTraffic others;  ///< Of hosts for which there was no row any more.
    nat64::Naming naming;
};

std::string hosts_text(const std::vector<listing::TopHost>& tops, const HostWords& words) {
    const auto& [is_counted, others, naming] = words;
    std::vector<std::string> head{"host",   "flows", "half_open", "ports",
                                  "blocks", "rate",  "refused"};
    if (is_counted)
        head.insert(head.end(), {"out_packets", "out_bytes", "in_packets", "in_bytes"});
    Columns columns;
    columns.row(head);
    for (const auto& [host, ports, blocks, traffic] : tops) {
        std::vector<std::string> cells{nat64::to_string(naming.host(host.address)),
                                       std::to_string(host.flows),
                                       std::to_string(host.half_open),
                                       std::to_string(ports),
                                       std::to_string(blocks),
                                       std::to_string(host.rate),
                                       std::to_string(host.refused)};
        if (is_counted)
            add_traffic(cells, traffic);
        columns.row(cells, host.zone == 0 ? "" : "zone=" + std::to_string(host.zone));
    }
    if (others != hosts::SideTraffic{}) {
        std::vector<std::string> cells{"others", "-", "-", "-", "-", "-", "-"};
        add_traffic(cells, others);
        columns.row(cells);
    }
    return columns.take();
}

std::string hosts_json(const std::vector<listing::TopHost>& tops, const HostWords& words) {
    const auto& [is_counted, others, naming] = words;
    ordered_json list = ordered_json::array();
    for (const auto& [host, ports, blocks, traffic] : tops) {
        list.push_back({{"host", nat64::to_string(naming.host(host.address))},
                        {"flows", host.flows},
                        {"half_open", host.half_open},
                        {"ports", ports},
                        {"blocks", blocks},
                        {"rate", host.rate},
                        {"refused", host.refused}});
        if (is_counted) {
            list.back()["out"] = traffic_json(traffic.out);
            list.back()["in"] = traffic_json(traffic.in);
        }
        if (host.zone != 0)
            list.back()["zone"] = host.zone;
    }
    if (others != hosts::SideTraffic{})
        list.push_back({{"host", "others"},
                        {"out", traffic_json(others.out)},
                        {"in", traffic_json(others.in)}});
    return list.dump() + "\n";
}

std::optional<listing::TrafficTotals> totals_of(const Subject& subject, listing::SumsOf what) {
    if (subject.totals == nullptr)
        return std::nullopt;
    return std::optional<listing::TrafficTotals>(std::in_place, *subject.totals, subject.flows,
                                                 what);
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
    // From before the walk: a number that is given on meanwhile is not the next host's row.
    const nat64::Naming naming = subject.naming.now();
    const std::optional<listing::TrafficTotals> totals = totals_of(subject, listing::SumsOf::Hosts);
    const auto order = take_order(query, totals.has_value());
    if (!order)
        return order.error();
    if (!query.empty())
        return unknown(query, "top, by");
    const auto tops = listing::top_hosts(
        subject.hosts, subject.flows, {*order, *top, totals ? &*totals : nullptr}, subject.now());
    const HostWords words{totals.has_value(), totals ? totals->other_hosts() : hosts::SideTraffic{},
                          naming};
    return format == Format::Text ? hosts_text(tops, words) : hosts_json(tops, words);
}

Result<std::string> ports_list(const Subject& subject, Query query, Format format) {
    const auto top = take_top(query);
    if (!top)
        return top.error();
    if (!query.empty())
        return unknown(query, "top");
    const auto list = listing::port_pressure(subject.flows, *top, subject.now());
    const std::optional<listing::TrafficTotals> totals =
        totals_of(subject, listing::SumsOf::Addresses);
    std::vector<std::string> head{"address", "protocol", "used", "left"};
    if (totals)
        head.insert(head.end(), {"out_packets", "out_bytes", "in_packets", "in_bytes"});
    Columns columns;
    columns.row(head, "destination");
    ordered_json json = ordered_json::array();
    for (const listing::Pressure& one : list) {
        const std::string protocol(listing::protocol_name(one.protocol));
        const uint32_t left = ports_left(subject, one);
        std::vector<std::string> cells{net::to_string(one.address), protocol,
                                       std::to_string(one.used), std::to_string(left)};
        if (totals)
            add_traffic(cells, totals->of(one.address));
        columns.row(cells, listing::destination_of(one));
        json.push_back({{"address", net::to_string(one.address)},
                        {"protocol", protocol},
                        {"destination", listing::destination_of(one)},
                        {"used", one.used},
                        {"left", left}});
        if (totals) {
            const hosts::SideTraffic traffic = totals->of(one.address);
            json.back()["address_out"] = traffic_json(traffic.out);
            json.back()["address_in"] = traffic_json(traffic.in);
        }
    }
    return format == Format::Text ? columns.take() : json.dump() + "\n";
}

}  // namespace sluice::command

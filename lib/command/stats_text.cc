// SPDX-License-Identifier: BSD-3-Clause
#include "command/stats_text.h"

#include "command/interface_volumes.h"
#include "command/role_text.h"
#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "net/text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::command {
namespace {

using nlohmann::ordered_json;
using stats::Count;

/// The counts that stand in the sum rule; the others have their own rows.
constexpr Count kPacketCounts[] = {Count::Received, Count::Originated, Count::Transmitted,
                                   Count::Consumed};

bool is_packet_count(Count count) {
    return std::ranges::find(kPacketCounts, count) != std::end(kPacketCounts);
}

class Table {
public:
    void title(std::string_view text) { text_.append(text).append("\n"); }
    void row(std::string_view name, uint64_t value) {
        constexpr size_t kNameWidth = 28;
        constexpr size_t kValueWidth = 20;
        const std::string number = std::to_string(value);
        text_.append("  ").append(name);
        text_.append(name.size() < kNameWidth ? kNameWidth - name.size() : 1, ' ');
        text_.append(number.size() < kValueWidth ? kValueWidth - number.size() : 0, ' ');
        text_.append(number).append("\n");
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void add_port(Table& table, const PortReport& port, DropRows rows) {
    table.row(port.name + " link", port.has_link ? 1 : 0);
    table.row(port.name + " mtu", port.mtu);
    for (const auto& [loss, count] : port.losses)
        if (rows == DropRows::All || count != 0)
            table.row(port.name + ' ' + loss, count);
}

ordered_json ports_json(const Subject& subject) {
    ordered_json ports = ordered_json::array();
    for (const PortReport& port : subject.ports()) {
        ordered_json losses = ordered_json::object();
        for (const auto& [loss, count] : port.losses)
            losses[loss] = count;
        ports.push_back({{"port", port.name},
                         {"link", port.has_link},
                         {"mtu", port.mtu},
                         {"lost", std::move(losses)}});
    }
    return ports;
}

void add_interfaces(Table& table, const Subject& subject, const stats::Snapshot& total) {
    for (const InterfaceVolumes& each : interface_volumes(subject, total)) {
        table.row(each.name + " in packets", each.volumes.in.packets);
        table.row(each.name + " in bytes", each.volumes.in.bytes);
        table.row(each.name + " out packets", each.volumes.out.packets);
        table.row(each.name + " out bytes", each.volumes.out.bytes);
    }
}

void add_load(Table& table, size_t worker, const stats::Load& load) {
    constexpr double kShare = 0.999;
    const std::string name = std::to_string(worker);
    table.row(name + " turns", load.turns.read());
    table.row(name + " turns with packets", load.busy_turns.read());
    table.row(name + " busy ms", load.busy_nanoseconds.read() / 1'000'000);
    table.row(name + " turn p99.9 us", stats::turn_quantile(load.read_times(), kShare) / 1000);
}

ordered_json volume_json(const stats::Volume& volume) {
    return {{"packets", volume.packets}, {"bytes", volume.bytes}};
}

ordered_json interfaces_json(const Subject& subject, const stats::Snapshot& total) {
    ordered_json interfaces = ordered_json::array();
    for (const InterfaceVolumes& each : interface_volumes(subject, total))
        interfaces.push_back({{"interface", each.name},
                              {"realm", each.realm},
                              {"in", volume_json(each.volumes.in)},
                              {"out", volume_json(each.volumes.out)}});
    return interfaces;
}

/// Pairs of a time in nanoseconds and how many turns took less, but no less than the time before;
/// without those that nobody took.
ordered_json turn_times_json(const stats::Load& load) {
    const stats::TurnTimes times = load.read_times();
    ordered_json pairs = ordered_json::array();
    for (size_t bucket = 0; bucket < times.size(); ++bucket)
        if (times[bucket] != 0)
            pairs.push_back({stats::turn_bound(bucket), times[bucket]});
    return pairs;
}

ordered_json workers_json(const Subject& subject) {
    ordered_json workers = ordered_json::array();
    for (size_t i = 0; i < subject.workers.size(); ++i) {
        stats::Snapshot worker;
        worker.add(*subject.workers[i]);
        const stats::Load& load = subject.workers[i]->load;
        workers.push_back({{"worker", i},
                           {"received", worker.count[Count::Received]},
                           {"taken", worker.count[Count::Taken]},
                           {"transmitted", worker.count[Count::Transmitted]},
                           {"dropped", worker.dropped()},
                           {"handoff", worker.count[Count::Handoff]},
                           {"flows_opened", worker.count[Count::FlowsOpened]},
                           {"turns", load.turns.read()},
                           {"busy_turns", load.busy_turns.read()},
                           {"busy_ns", load.busy_nanoseconds.read()},
                           {"turn_ns", turn_times_json(load)}});
    }
    return workers;
}

ordered_json seconds_json(const std::optional<uint32_t>& seconds) {
    return seconds ? ordered_json(*seconds) : ordered_json();
}

ordered_json full_ports_json(const Subject& subject) {
    ordered_json sets = ordered_json::array();
    for (const auto& [set, outlook] : subject.port_outlooks())
        sets.push_back({{"address", net::to_string(set.address)},
                        {"protocol", listing::protocol_name(set.protocol)},
                        {"destination", listing::destination_of(set)},
                        {"used", outlook.used},
                        {"room", outlook.room},
                        {"full_in", seconds_json(outlook.full_in)}});
    return sets;
}

ordered_json uplinks_json(const Subject& subject) {
    ordered_json uplinks = ordered_json::array();
    for (const UplinkReport& uplink : subject.uplinks())
        uplinks.push_back({{"uplink", uplink.name},
                           {"gateway", uplink.gateway},
                           {"weight", uplink.weight},
                           {"up", uplink.is_up}});
    return uplinks;
}

/// As /v1/role has it, and in words.
ordered_json pair_json(const PairReport& pair) {
    ordered_json json = ordered_json::parse(role_json(pair));
    std::string text = role_text(pair);
    text.pop_back();  // the line feed
    json["text"] = std::move(text);
    return json;
}

std::string_view name_of(Count count) {
    return stats::count_name(count);
}

void add_ipv6(Table& table, const char* title, const std::optional<nat64::Naming::Usage>& usage) {
    if (!usage)
        return;
    table.title(title);
    table.row("have a number", usage->hosts);
    table.row("numbers", usage->numbers);
    table.row("bytes for a number", nat64::kBytesPerNumber);
    table.row("bytes for all", usage->bytes);
}

}  // namespace

std::string stats_table(const Subject& subject, DropRows rows) {
    const stats::Snapshot total = subject.snapshot();
    Table table;
    table.title("packets");
    for (const Count count : kPacketCounts)
        table.row(name_of(count), total.count[count]);
    table.row("held", total.held());
    table.row("dropped", total.dropped());

    table.title("drops");
    for (size_t i = 0; i < stats::kDropCount; ++i) {
        const auto reason = static_cast<stats::Drop>(i);
        if (rows == DropRows::All || total.drop[reason] != 0)
            table.row(stats::drop_name(reason), total.drop[reason]);
    }
    table.title("ports");
    for (const PortReport& port : subject.ports())
        add_port(table, port, rows);

    table.title("interfaces");
    add_interfaces(table, subject, total);
    table.title("workers");
    for (size_t i = 0; i < subject.workers.size(); ++i)
        add_load(table, i, subject.workers[i]->load);

    const std::vector<UplinkReport> uplinks = subject.uplinks();
    if (!uplinks.empty())
        table.title("uplinks");
    for (const UplinkReport& uplink : uplinks)
        table.row(uplink.name + " up", uplink.is_up ? 1 : 0);

    table.title("flows");
    table.row("live", subject.flows.size());
    table.row("capacity", subject.flows.capacity());
    table.row("retired", subject.flows.retired());
    if (const Delay delay = subject.flows.grace().last_delay(); delay.is_long())
        table.row("ms that these wait for " + to_string(flow::MemberName::of(delay.tag)),
                  delay.milliseconds);

    add_ipv6(table, "ipv6 hosts", subject.naming.usage());
    add_ipv6(table, "ipv6 hosts outside", subject.naming.usage_of_peers());

    table.title("packets that found an address without a free port");
    for (const PoolAddress& each : subject.pools())
        if (rows == DropRows::All || each.exhausted != 0)
            table.row(each.address, each.exhausted);

    table.title("events");
    for (size_t i = 0; i < stats::kCountCount; ++i) {
        const auto count = static_cast<Count>(i);
        if (!is_packet_count(count))
            table.row(name_of(count), total.count[count]);
    }
    return table.take();
}

std::string stats_json(const Subject& subject) {
    const stats::Snapshot total = subject.snapshot();
    ordered_json json;
    json["version"] = subject.version;
    ordered_json& packets = json["packets"];
    for (const Count count : kPacketCounts)
        packets[std::string(name_of(count))] = total.count[count];
    packets["held"] = total.held();
    packets["dropped"] = total.dropped();

    ordered_json& drops = json["drops"];
    for (size_t i = 0; i < stats::kDropCount; ++i) {
        const auto reason = static_cast<stats::Drop>(i);
        drops[std::string(stats::drop_name(reason))] = total.drop[reason];
    }
    json["flows"]["live"] = subject.flows.size();
    json["flows"]["capacity"] = subject.flows.capacity();
    json["flows"]["retired"] = subject.flows.retired();
    if (const Delay delay = subject.flows.grace().last_delay(); delay.is_long())
        json["flows"]["reuse_delay"] = {{"reader", to_string(flow::MemberName::of(delay.tag))},
                                        {"milliseconds", delay.milliseconds}};
    json["flows"]["full_in"] = seconds_json(subject.flows_outlook().full_in);

    ordered_json& events = json["events"];
    for (size_t i = 0; i < stats::kCountCount; ++i) {
        const auto count = static_cast<Count>(i);
        if (!is_packet_count(count))
            events[std::string(name_of(count))] = total.count[count];
    }
    if (const auto ipv6 = subject.naming.usage())
        json["ipv6"] = {{"hosts", ipv6->hosts},
                        {"numbers", ipv6->numbers},
                        {"bytes_per_number", nat64::kBytesPerNumber},
                        {"bytes", ipv6->bytes}};
    if (const auto peers = subject.naming.usage_of_peers())
        json["ipv6_peers"] = {
            {"hosts", peers->hosts}, {"numbers", peers->numbers}, {"bytes", peers->bytes}};
    ordered_json& probes = json["probes_per_flow"];
    for (size_t i = 0; i < stats::kProbeBuckets; ++i)
        probes[std::to_string(stats::probe_bound(i))] = total.probes[i];

    json["pools"] = ordered_json::array();
    for (const PoolAddress& each : subject.pools())
        json["pools"].push_back(
            {{"pool", each.pool}, {"address", each.address}, {"exhausted", each.exhausted}});

    json["full_ports"] = full_ports_json(subject);
    json["ports"] = ports_json(subject);
    json["uplinks"] = uplinks_json(subject);
    if (const std::optional<PairReport> pair = subject.pair())
        json["pair"] = pair_json(*pair);

    json["interfaces"] = interfaces_json(subject, total);
    json["workers"] = workers_json(subject);
    json["cycles_per_second"] = subject.cycles_per_second;
    return json.dump() + "\n";
}

}  // namespace sluice::command

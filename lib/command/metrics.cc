// SPDX-License-Identifier: BSD-3-Clause
#include "command/metrics.h"

#include "command/cluster_text.h"
#include "command/interface_volumes.h"
#include "listing/flow_text.h"
#include "listing/port_pressure.h"
#include "net/text.h"

#include <algorithm>
#include <iterator>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <utility>
#include <vector>

namespace sluice::command {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using stats::Count;

struct Row {
    Count count;
    const char* name;
    const char* help;
};

using enum Count;

// clang-format off
constexpr Row kRows[] = {
    {Received,       "packets_received",       "Packets received from the ports"},
    {Originated,     "packets_originated",     "Packets made by the gateway: ARP, ICMP, RST"},
    {Transmitted,    "packets_transmitted",    "Packets that a port accepted"},
    {Consumed,       "packets_consumed",       "Packets that ended at the gateway undropped"},
    {Put,            "ring_packets_put",       "Packets put into rings between threads"},
    {Taken,          "ring_packets_taken",     "Packets taken out of rings between threads"},
    {FastPath,       "fast_path_packets",      "Packets that have gone the fast path"},
    {Handoff,        "handoffs",               "Packets handed to the worker that owns the flow"},
    {Punted,         "punts",                  "Packets handed to the control core"},
    {FlowsOpened,    "flows_opened",           "Flows opened"},
    {FlowsClosed,    "flows_closed",           "Flows ended by their packets"},
    {FlowsExpired,   "flows_expired",          "Flows ended by their deadline"},
    {FlowsDeleted,   "flows_deleted",          "Flows ended by an operator"},
    {FlowsInward,    "flows_inward",           "Flows opened by outside hosts"},
    {FlowsHairpinned, "flows_hairpinned",      "Flows from inside to inside, by a public address"},
    {HoldersMade,    "holders_made",           "Mappings, contacts and port blocks made"},
    {HoldersExpired, "holders_expired",        "Mappings, contacts and port blocks ended"},
    {FlowsRelated,   "flows_related",          "Flows opened that another had foretold"},
    {ExpectationsMade, "expectations_made",    "Flows foretold, by --helper"},
    {ExpectationsExpired, "expectations_expired", "Flows foretold that did not come"},
    {HelperRewritten, "helper_packets_rewritten", "Packets whose data a helper changed"},
    {HelperPassed,   "helper_packets_passed",  "Times that a helper could not help"},
    {FlowsAdopted,   "flows_adopted",          "Flows of the process before, by --state"},
    {HoldersAdopted, "holders_adopted",        "Mappings, contacts and port blocks of it"},
    {StateUnsound,   "state_unsound",          "Records not adopted: no flow looks so"},
    {StateExpired,   "state_expired",          "Records not adopted: their time was over"},
    {StateUnheld,    "state_unheld",           "Records not adopted: what they hung on is gone"},
    {StateTwice,     "state_twice",            "Records not adopted: another has their tuple"},
    {StatePrivate,   "state_private",          "Records not adopted: an inside address outside"},
    {StateWithoutRule, "state_without_rule",   "Records not adopted: no rule, --on-reload end"},
    {StateHelped,    "state_helped",           "Records not adopted: only a helper knew them"},
    {StateNoRoom,    "state_no_room",          "Records not adopted: no room in the table"},
    {FlowsTakenOver, "flows_taken_over",       "Flows and mappings of the peer taken over"},
    {SyncApplied,    "sync_applied",           "Records and ends that the peer has told"},
    {SyncRefused,    "sync_refused",           "Of these, what could not be taken over"},
    {SyncTold,       "sync_told",              "Records and ends told to the peer"},
    {SyncLost,       "sync_lost",              "Changes that could not be told in time"},
    {SyncResyncs,    "sync_resyncs",           "Times that the peer was told all"},
    {FlowsRerouted,  "flows_rerouted",         "Flows and mappings that ended with their uplink"},
    {FlowsGivenUp,   "flows_given_up",         "Flows and mappings ended with their address"},
    {HandedToOwner,  "handed_to_owner",        "Packets sent to the gateway with their address"},
    {EarlyDropped,   "flows_early_dropped",    "Flows ended to make room for others"},
    {HostsFull,      "hosts_full",             "Flows opened without a place for their host"},
    {OpenLost,       "flows_open_lost",        "Flows opened by two workers at once"},
    {FlowsUntranslated, "flows_untranslated", "Flows opened without NAT, by --no-nat or --route6"},
    {AddressChanged, "addresses_changed", "Flows that went on another address: theirs was full"},
    {PortProbes,     "port_probes",            "Reply tuples tried in choosing external ports"},
    {PortChanged,    "ports_changed",          "Flows that lost their own source port"},
    {MssClamped,     "mss_clamped",            "SYNs and SYN/ACKs whose MSS was lowered"},
    {EchoReplies,    "echo_replies",           "Pings to the gateway that it answered"},
    {IcmpErrors,     "icmp_errors",            "ICMP errors originated"},
    {IcmpSuppressed, "icmp_errors_suppressed", "ICMP errors not sent: rate limit, no memory"},
    {TcpResets,      "tcp_resets",             "RSTs originated"},
    {TcpResetsSuppressed, "tcp_resets_suppressed", "RSTs not sent: rate limit, no memory"},
    {TcpChallenges,  "tcp_challenges",         "ACKs originated that ask back about a RST"},
    {TcpChallengesSuppressed, "tcp_challenges_suppressed", "Such ACKs not sent: rate, no memory"},
    {Fragments,      "fragments",              "Fragments sent on"},
    {FragmentsEvicted, "fragment_datagrams_evicted", "Datagrams in fragments that gave way"},
    {PacketsCut,     "packets_cut",            "Packets cut for the outgoing MTU"},
    {ToTwin,         "twin_packets_given",     "Packets given to the gateway's kernel"},
    {FromTwin,       "twin_packets_taken",     "Packets that the gateway's kernel sent"},
    {ArpReceived,    "arp_received",           "ARP packets received"},
    {ArpSent,        "arp_sent",               "ARP packets sent"},
    {ArpConflicts,   "arp_conflicts",          "ARP packets that claim our address"},
    {NeighbourConflicts, "neighbour_conflicts", "ARP packets that claim a neighbour's address"},
    {NeighboursMoved, "neighbours_moved",      "Neighbours that another MAC has taken over"},
    {NeighboursEvicted, "neighbours_evicted",  "Neighbours that made room for others"},
    {LogLinesLost,   "log_lines_lost",         "Lines of the log that nobody read in time"},
    {EventsLost,     "events_lost",            "Events of flows that clients read too slowly"},
    {LogRecordsSent, "log_records_sent",       "Records of the log of translations, sent"},
    {LogRecordsLost, "log_records_lost",       "Records of the log of translations, lost"},
    {ReadersLate,    "readers_late",           "Parts of lists read again: they took too long"},
    {ReuseDelayed,   "reuse_delayed",          "Waits of 100 ms and more for one reader of flows"},
    {MemoryShort,    "memory_short",           "What was left out for want of memory"},
};
// clang-format on

constexpr bool is_in_order() {
    for (size_t i = 0; i < std::size(kRows); ++i)
        if (index(kRows[i].count) != i)
            return false;
    return std::size(kRows) == stats::kCountCount;
}
static_assert(is_in_order(), "one row for each count, in the order of the enumerators");

constexpr size_t kMostRules = 100;  ///< Told of by name.

/// What is told of each worker.
constexpr Count kWorkerCounts[] = {Received, Transmitted, Handoff, Punted, FlowsOpened};

class Exposition {
public:
    explicit Exposition(const Subject& subject) : subject_(subject) {}

    std::string text() {
        const stats::Snapshot total = subject_.snapshot();
        for (const Row& row : kRows)
            counter(std::string(row.name) + "_total", row.help)
                .metric.push_back(counted(total.count[row.count]));
        drops(total);
        probes(total);
        pools();
        rules();
        ports();
        interfaces(total);
        addresses();
        uplinks();
        pair();
        cluster();
        workers();
        loads();
        outlooks();
        table();
        gauge("packets_held", "Packets waiting in rings and queues", double(total.held()));
        gauge("flows", "Flows that live", subject_.flows.size());
        gauge("flows_capacity", "Flows that the table has room for", subject_.flows.capacity());
        gauge("flows_retired", "Records of ended flows that wait until no reader has them",
              subject_.flows.retired());
        reuse_delay();
        if (const auto ipv6 = subject_.naming.usage()) {
            gauge("ipv6_hosts", "IPv6 hosts that have a number", ipv6->hosts);
            gauge("ipv6_numbers", "Numbers that there are for IPv6 hosts", ipv6->numbers);
            gauge("ipv6_number_bytes", "Memory for all of them", double(ipv6->bytes));
        }
        if (const auto peers = subject_.naming.usage_of_peers()) {
            gauge("ipv6_peers", "IPv6 hosts outside that have a number", peers->hosts);
            gauge("ipv6_peer_numbers", "Numbers that there are for these", peers->numbers);
        }
        gauge("policies_waiting", "Configurations that were replaced, until nobody goes by them",
              double(subject_.policies_waiting()));
        gauge("build_info", "The version that runs; the value is always 1", 1).metric.back().label =
            {{"version", subject_.version}};
        return prometheus::TextSerializer().Serialize(families_);
    }

private:
    void reuse_delay() {
        const Delay delay = subject_.flows.grace().last_delay();
        gauge("reuse_delay_seconds", "How long these have waited for the slowest reader by now",
              delay.milliseconds / 1000.0);
        MetricFamily& reader =
            family("reuse_delayed_by", "1 for the reader, after 100 ms", MetricType::Gauge);
        if (!delay.is_long())
            return;
        ClientMetric& metric = reader.metric.emplace_back();
        metric.label = {{"reader", to_string(flow::MemberName::of(delay.tag))}};
        metric.gauge.value = 1;
    }
    MetricFamily& family(const std::string& name, const std::string& help, MetricType type) {
        return families_.emplace_back(MetricFamily{"sluice_" + name, help + ".", type, {}});
    }
    MetricFamily& counter(const std::string& name, const std::string& help) {
        return family(name, help, MetricType::Counter);
    }
    MetricFamily& gauge(const std::string& name, const std::string& help, double value) {
        ClientMetric metric;
        metric.gauge.value = value;
        MetricFamily& result = family(name, help, MetricType::Gauge);
        result.metric.push_back(metric);
        return result;
    }

    static ClientMetric counted(uint64_t value, std::vector<ClientMetric::Label> labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = static_cast<double>(value);
        return metric;
    }

    void drops(const stats::Snapshot& total) {
        MetricFamily& reasons = counter("drops_total", "Packets dropped, by reason");
        for (size_t i = 0; i < stats::kDropCount; ++i) {
            const auto reason = static_cast<stats::Drop>(i);
            reasons.metric.push_back(
                counted(total.drop[reason], {{"reason", std::string(stats::drop_name(reason))}}));
        }
    }

    void probes(const stats::Snapshot& total) {
        ClientMetric metric;
        uint64_t count = 0;
        for (size_t i = 0; i < stats::kProbeBuckets; ++i) {
            count += total.probes[i];
            metric.histogram.bucket.push_back({count, double(stats::probe_bound(i))});
        }
        metric.histogram.sample_count = count;
        metric.histogram.sample_sum = static_cast<double>(total.count[PortProbes]);
        family("probes_per_flow", "Reply tuples tried in choosing one flow's external port",
               MetricType::Histogram)
            .metric.push_back(metric);
    }

    void pools() {
        MetricFamily& exhausted =
            counter("pool_exhausted_total", "Packets that found an address without a free port");
        for (const PoolAddress& each : subject_.pools())
            exhausted.metric.push_back(
                counted(each.exhausted, {{"pool", each.pool}, {"address", each.address}}));
    }

    /// However many rules there are, there are kMostRules labels and one for the rest.
    void rules() {
        MetricFamily& denied =
            counter("denied_packets_total", "Packets that a rule of --deny has refused");
        uint64_t others = 0;
        for (const RuleReport& rule : subject_.rules())
            if (denied.metric.size() < kMostRules)
                denied.metric.push_back(counted(rule.packets, {{"rule", rule.text}}));
            else
                others += rule.packets;
        if (denied.metric.size() == kMostRules)
            denied.metric.push_back(counted(others, {{"rule", "others"}}));
    }

    void ports() {
        MetricFamily& links = family("port_link", "Whether the port has a link", MetricType::Gauge);
        for (const PortReport& port : subject_.ports()) {
            ClientMetric metric;
            metric.label = {{"port", port.name}};
            metric.gauge.value = port.has_link ? 1 : 0;
            links.metric.push_back(metric);
        }
        MetricFamily& lost = counter(
            "port_lost_total", "Packets lost before they were received, or after they were sent");
        for (const PortReport& port : subject_.ports())
            for (const auto& [loss, count] : port.losses)
                lost.metric.push_back(counted(count, {{"port", port.name}, {"reason", loss}}));
    }

    void interfaces(const stats::Snapshot& total) {
        both_ways(interface_volumes(subject_, total), &InterfaceVolumes::volumes,
                  {"interface", "Packets that came and went by each interface",
                   "Bytes of their frames, without tags"});
    }

    /// Families without a sample where nothing is counted.
    void addresses() {
        both_ways(subject_.address_traffic(), &AddressReport::traffic,
                  {"address", "Packets of the flows of each public address, by accounting",
                   "Bytes of their IP packets, by accounting"});
    }

    struct Carrier {
        std::string kind;  // before the names of both families, and of the label
        const char* packets_help;
        const char* bytes_help;
    };

    /// `volumes` has packets and bytes that came in, and that went out.
    template <typename Each, typename Volumes>
    void both_ways(const std::vector<Each>& all, Volumes Each::*volumes, const Carrier& carrier) {
        const auto way = [&](const Each& each, const char* direction, uint64_t value) {
            return counted(value, {{carrier.kind, each.name}, {"direction", direction}});
        };
        MetricFamily& packets = counter(carrier.kind + "_packets_total", carrier.packets_help);
        for (const Each& each : all) {
            packets.metric.push_back(way(each, "in", (each.*volumes).in.packets));
            packets.metric.push_back(way(each, "out", (each.*volumes).out.packets));
        }
        MetricFamily& bytes = counter(carrier.kind + "_bytes_total", carrier.bytes_help);
        for (const Each& each : all) {
            bytes.metric.push_back(way(each, "in", (each.*volumes).in.bytes));
            bytes.metric.push_back(way(each, "out", (each.*volumes).out.bytes));
        }
    }

    /// Where the gateway is one of two.
    void pair() {
        const std::optional<PairReport> pair = subject_.pair();
        if (!pair)
            return;
        gauge("active", "Whether this gateway of a pair forwards", pair->is_active ? 1 : 0);
        gauge("peer_there", "Whether the other gateway of the pair answers",
              pair->peer == PairReport::Peer::Away ? 0 : 1);
        gauge("peer_active", "Whether that one forwards",
              pair->peer == PairReport::Peer::Active ? 1 : 0);
        gauge("peer_differs", "Whether that one has other rules or pools", pair->differs ? 1 : 0);
        gauge("sync_whole", "Whether the one that stands by has all flows", pair->is_whole ? 1 : 0);
        gauge("sync_behind", "Messages that the peer has not taken yet", pair->behind);
    }
    /// Where it shares its addresses with others.
    void cluster() {
        const std::optional<ClusterReport> cluster = subject_.cluster();
        if (!cluster)
            return;
        gauge("cluster_lease_seconds", "For how long this gateway may use its addresses",
              static_cast<double>(cluster->left.count()) / 1000);
        gauge("cluster_members", "Gateways that this one knows of, itself among them",
              static_cast<double>(cluster->members.size()));
        const auto held =
            std::ranges::count(cluster->addresses, true, &ClusterReport::Address::is_held);
        gauge("cluster_addresses_held", "Public addresses that this gateway uses",
              static_cast<double>(held));
        gauge("cluster_addresses_free", "Public addresses that are nobody's",
              static_cast<double>(count_of(*cluster, "")));
        gauge("cluster_addresses", "Public addresses that the gateways share",
              static_cast<double>(cluster->addresses.size()));
        if (cluster->is_copying)
            copies(*cluster);
    }
    /// Where gateways keep copies of each other's flows.
    void copies(const ClusterReport& cluster) {
        const auto uncopied =
            std::ranges::count_if(cluster.addresses, [](const ClusterReport::Address& each) {
                return each.is_held && each.copy_at.empty();
            });
        gauge("cluster_addresses_uncopied",
              "Public addresses that this gateway uses, and whose flows no other has copies of",
              static_cast<double>(uncopied));
        gauge("cluster_copies", "Records of other gateways' flows that this one keeps",
              static_cast<double>(cluster.copies));
        counter("cluster_copies_refused_total",
                "Records of other gateways' flows that found no room")
            .metric.push_back(counted(cluster.copies_refused));
    }
    void uplinks() {
        MetricFamily& up =
            family("uplink_up", "Whether the uplink lives, of several", MetricType::Gauge);
        for (const UplinkReport& uplink : subject_.uplinks()) {
            ClientMetric metric;
            metric.label = {{"interface", uplink.name}, {"gateway", uplink.gateway}};
            metric.gauge.value = uplink.is_up ? 1 : 0;
            up.metric.push_back(metric);
        }
    }

    /// What is filling; families without a sample where nothing does.
    void outlooks() {
        MetricFamily& full_in =
            family("flows_full_seconds",
                   "Seconds until the flow table is full at the present rate, while it fills",
                   MetricType::Gauge);
        if (const auto seconds = subject_.flows_outlook().full_in) {
            ClientMetric metric;
            metric.gauge.value = *seconds;
            full_in.metric.push_back(metric);
        }
        MetricFamily used{"sluice_ports_used_ratio",
                          "Share of an address's ports in use toward a destination, from half on.",
                          MetricType::Gauge,
                          {}};
        MetricFamily full{"sluice_ports_full_seconds",
                          "Seconds until they all are at the present rate, while they fill.",
                          MetricType::Gauge,
                          {}};
        for (const auto& [set, outlook] : subject_.port_outlooks()) {
            ClientMetric metric;
            metric.label = {{"address", net::to_string(set.address)},
                            {"protocol", std::string(listing::protocol_name(set.protocol))},
                            {"destination", listing::destination_of(set)}};
            metric.gauge.value = double(outlook.used) / double(outlook.room);
            used.metric.push_back(metric);
            if (!outlook.full_in)
                continue;
            metric.gauge.value = *outlook.full_in;
            full.metric.push_back(metric);
        }
        families_.push_back(std::move(used));
        families_.push_back(std::move(full));
    }

    void workers() {
        std::vector<stats::Snapshot> snapshots(subject_.workers.size());
        for (size_t i = 0; i < snapshots.size(); ++i)
            snapshots[i].add(*subject_.workers[i]);

        for (const Count count : kWorkerCounts) {
            const Row& row = kRows[index(count)];
            MetricFamily& each = counter("worker_" + std::string(row.name) + "_total",
                                         std::string(row.help) + ", by worker");
            for (size_t i = 0; i < snapshots.size(); ++i)
                each.metric.push_back(
                    counted(snapshots[i].count[count], {{"worker", std::to_string(i)}}));
        }
        const Standstill standstill = subject_.standstill();
        MetricFamily& stands = family(
            "worker_stands", "Whether the worker has not turned for a second", MetricType::Gauge);
        for (size_t i = 0; i < snapshots.size(); ++i) {
            ClientMetric metric;
            metric.label = {{"worker", std::to_string(i)}};
            metric.gauge.value = standstill.stands(i) ? 1 : 0;
            stands.metric.push_back(metric);
        }
        MetricFamily& dropped = counter("worker_drops_total", "Packets dropped, by worker");
        for (size_t i = 0; i < snapshots.size(); ++i)
            dropped.metric.push_back(
                counted(snapshots[i].dropped(), {{"worker", std::to_string(i)}}));
    }

    void loads() {
        MetricFamily& turns = counter("worker_turns_total", "Turns of the worker");
        for (size_t i = 0; i < subject_.workers.size(); ++i)
            turns.metric.push_back(counted(load(i).turns.read(), {{"worker", std::to_string(i)}}));
        MetricFamily& busy =
            family("worker_turn_seconds", "How long the turns took in which it found packets",
                   MetricType::Histogram);
        for (size_t i = 0; i < subject_.workers.size(); ++i)
            busy.metric.push_back(turn_times(i));
    }
    const stats::Load& load(size_t worker) const { return subject_.workers[worker]->load; }

    /// A bucket to each power of two; its sum is how long the worker was busy.
    ClientMetric turn_times(size_t worker) const {
        constexpr double kNanosecond = 1e-9;
        const stats::TurnTimes times = load(worker).read_times();
        ClientMetric metric;
        metric.label = {{"worker", std::to_string(worker)}};
        uint64_t count = 0;
        for (size_t i = 0; i < times.size(); ++i) {
            count += times[i];
            if (i % stats::kTurnSteps == 0 && i + 1 < times.size())
                metric.histogram.bucket.push_back(
                    {count, double(stats::turn_bound(i)) * kNanosecond});
        }
        metric.histogram.sample_count = count;
        metric.histogram.sample_sum = double(load(worker).busy_nanoseconds.read()) * kNanosecond;
        return metric;
    }

    void table() {
        const flow::IndexCounters index = subject_.flows.counters();
        MetricFamily& keys =
            counter("table_keys_total", "Keys put into the table, by the others moved for each");
        for (unsigned moves = 0; moves <= flow::kMostMoves; ++moves)
            keys.metric.push_back(
                counted(index.keys_by_moves[moves], {{"moves", std::to_string(moves)}}));
        counter("table_no_space_total", "Flows that found no room in the table")
            .metric.push_back(counted(index.no_space));
    }

    const Subject& subject_;
    std::vector<MetricFamily> families_;
};

}  // namespace

std::string metrics_text(const Subject& subject) {
    return Exposition(subject).text();
}

}  // namespace sluice::command

// SPDX-License-Identifier: BSD-3-Clause
#include "stats/counters.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace sluice::stats {
namespace {

struct Row {
    Count count;
    std::string_view name;
};

using enum Count;

constexpr Row kRows[] = {
    {Received, "received"},
    {Originated, "originated"},
    {Transmitted, "transmitted"},
    {Consumed, "consumed"},
    {Put, "put"},
    {Taken, "taken"},
    {FastPath, "fast_path"},
    {Handoff, "handoff"},
    {Punted, "punted"},
    {FlowsOpened, "flows_opened"},
    {FlowsClosed, "flows_closed"},
    {FlowsExpired, "flows_expired"},
    {FlowsDeleted, "flows_deleted"},
    {FlowsInward, "flows_inward"},
    {FlowsHairpinned, "flows_hairpinned"},
    {HoldersMade, "holders_made"},
    {HoldersExpired, "holders_expired"},
    {FlowsRelated, "flows_related"},
    {ExpectationsMade, "expectations_made"},
    {ExpectationsExpired, "expectations_expired"},
    {HelperRewritten, "helper_rewritten"},
    {HelperPassed, "helper_passed"},
    {FlowsAdopted, "flows_adopted"},
    {HoldersAdopted, "holders_adopted"},
    {StateUnsound, "state_unsound"},
    {StateExpired, "state_expired"},
    {StateUnheld, "state_unheld"},
    {StateTwice, "state_twice"},
    {StatePrivate, "state_private"},
    {StateWithoutRule, "state_without_rule"},
    {StateHelped, "state_helped"},
    {StateNoRoom, "state_no_room"},
    {FlowsTakenOver, "flows_taken_over"},
    {SyncApplied, "sync_applied"},
    {SyncRefused, "sync_refused"},
    {SyncTold, "sync_told"},
    {SyncLost, "sync_lost"},
    {SyncResyncs, "sync_resyncs"},
    {FlowsRerouted, "flows_rerouted"},
    {FlowsGivenUp, "flows_given_up"},
    {HandedToOwner, "handed_to_owner"},
    {EarlyDropped, "early_dropped"},
    {HostsFull, "hosts_full"},
    {OpenLost, "open_lost"},
    {FlowsUntranslated, "flows_untranslated"},
    {AddressChanged, "address_changed"},
    {PortProbes, "port_probes"},
    {PortChanged, "port_changed"},
    {MssClamped, "mss_clamped"},
    {EchoReplies, "echo_replies"},
    {IcmpErrors, "icmp_errors"},
    {IcmpSuppressed, "icmp_suppressed"},
    {TcpResets, "tcp_resets"},
    {TcpResetsSuppressed, "tcp_resets_suppressed"},
    {TcpChallenges, "tcp_challenges"},
    {TcpChallengesSuppressed, "tcp_challenges_suppressed"},
    {Fragments, "fragments"},
    {FragmentsEvicted, "fragments_evicted"},
    {PacketsCut, "packets_cut"},
    {ToTwin, "to_twin"},
    {FromTwin, "from_twin"},
    {ArpReceived, "arp_received"},
    {ArpSent, "arp_sent"},
    {ArpConflicts, "arp_conflicts"},
    {NeighbourConflicts, "neighbour_conflicts"},
    {NeighboursMoved, "neighbours_moved"},
    {NeighboursEvicted, "neighbours_evicted"},
    {LogLinesLost, "log_lines_lost"},
    {EventsLost, "events_lost"},
    {LogRecordsSent, "log_records_sent"},
    {LogRecordsLost, "log_records_lost"},
    {ReadersLate, "readers_late"},
    {ReuseDelayed, "reuse_delayed"},
    {MemoryShort, "memory_short"},
};

constexpr bool is_in_order() {
    for (size_t i = 0; i < std::size(kRows); ++i)
        if (index(kRows[i].count) != i)
            return false;
    return std::size(kRows) == kCountCount;
}
static_assert(is_in_order(), "one row for each count, in the order of the enumerators");

}  // namespace

std::string_view count_name(Count count) {
    return kRows[index(count)].name;
}

void Snapshot::add(const Counters& counters) {
    for (size_t i = 0; i < kCountCount; ++i)
        count.values[i] += counters.count.values[i].read();
    for (size_t i = 0; i < kDropCount; ++i)
        drop.values[i] += counters.drop.values[i].read();
    for (size_t i = 0; i < kProbeBuckets; ++i)
        probes[i] += counters.probes[i].read();
    waiting += counters.waiting.read();
    interfaces.resize(std::max(interfaces.size(), counters.interfaces.size()));
    for (size_t i = 0; i < counters.interfaces.size(); ++i) {
        interfaces[i].in += counters.interfaces[i].in.read();
        interfaces[i].out += counters.interfaces[i].out.read();
    }
}

uint64_t Snapshot::dropped() const {
    return std::accumulate(drop.begin(), drop.end(), uint64_t{0});
}

uint64_t Snapshot::held() const {
    // The two are written by different threads: while traffic flows, a packet may be seen to leave
    // a ring that it has not been seen to enter.
    const uint64_t in_rings = count[Put] > count[Taken] ? count[Put] - count[Taken] : 0;
    return in_rings + waiting;
}

}  // namespace sluice::stats

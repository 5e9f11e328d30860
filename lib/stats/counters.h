// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Counters: what one thread did with packets, readable by all.
///
/// Shape    One Counters per worker and one for the control core; Snapshot is their sum.
///          received + originated = transmitted + consumed + held + Σ dropped[reason], where held
///          is put - taken (what waits in rings between threads) plus waiting (what the control
///          core keeps for unresolved neighbours, and workers for first fragments).
///          Of all interfaces: Σ out = transmitted, and Σ in = received but for frames of no
///          interface, where the port has no untagged one to count them.
/// Threads  Written by one thread with add(), read by any. A sum over threads is exact when
///          traffic stands still, and at most a burst per thread off while it flows.

#include "base/enum.h"
#include "stats/counter.h"
#include "stats/drop.h"
#include "stats/load.h"
#include "stats/volume.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::stats {

/// Counts that are not drops, in the order in which they are printed.
enum class Count : uint8_t {
    Received,     ///< From a port, once, by the thread that polled it.
    Originated,   ///< Made here: ARP, ICMP, RSTs, what the gateway's kernel sends; what a packet
                  ///< that is cut becomes, but for one.
    Transmitted,  ///< Accepted by a port.
    Consumed,     ///< Reached its end here without being dropped: ARP, pings to the gateway, what
                  ///< its kernel takes.
    Put,          ///< Into a ring to another thread.
    Taken,        ///< Out of a ring from another thread.
    FastPath,     ///< Packets that have gone the fast path (worker/fast_path.h).
    Handoff,      ///< Of Put: to the flow's owner.
    Punted,       ///< Of Put: to the control core.
    FlowsOpened,
    FlowsClosed,  ///< Killed before their deadline: reset, or tuple reused.
    FlowsExpired,
    FlowsDeleted,         ///< By an operator.
    FlowsInward,          ///< Of FlowsOpened: by outside hosts, to what an inside host holds.
    FlowsHairpinned,      ///< Of FlowsOpened: from inside to inside, by a public address.
    HoldersMade,          ///< Mappings, contacts and blocks of ports; not flows.
    HoldersExpired,       ///< Of these, ended.
    FlowsRelated,         ///< Of FlowsOpened: that another flow had foretold.
    ExpectationsMade,     ///< Flows foretold, by --helper.
    ExpectationsExpired,  ///< Of these, those that did not come.
    HelperRewritten,      ///< Packets whose data say a public endpoint in place of an inside one.
    HelperPassed,         ///< Left as they came: not understood, not allowed, or no room.
    FlowsAdopted,         ///< Of the process before, by --state.
    HoldersAdopted,       ///< Likewise.
    StateUnsound,         ///< Its records that were not adopted: no flow or holder looks so.
    StateExpired,         ///< Their time was over.
    StateUnheld,          ///< What they hung on was not there.
    StateTwice,           ///< Another has their tuple.
    StatePrivate,         ///< They would show an inside address outside.
    StateWithoutRule,     ///< The rules would not open them: --on-reload end.
    StateHelped,          ///< Only a helper knew how they go on.
    StateNoRoom,          ///< More than the table has room for.
    FlowsTakenOver,     ///< Flows and holders of the other gateway of a pair, when this one became
                        ///< active; of TCP windows they know nothing yet.
    SyncApplied,        ///< What the peer has told while this one stood by: records, and ends.
    SyncRefused,        ///< Of these, what was not sound, not of these rules, or without room.
    SyncTold,           ///< Records and ends told to the peer.
    SyncLost,           ///< Changes that could not be told in time; then all is told again.
    SyncResyncs,        ///< How often the peer was told all.
    FlowsRerouted,      ///< Flows and holders ended with their uplink, to open anew by another.
    FlowsGivenUp,       ///< Likewise with their address, which another gateway has (--cluster).
    HandedToOwner,      ///< Of Transmitted: untranslated, to the gateway that has the public
                        ///< address (--cluster).
    EarlyDropped,       ///< Not ASSURED, ended to make room: in a full table, or for a port.
    HostsFull,          ///< Flows of hosts for which the host table had no room: not limited.
    OpenLost,           ///< Opened by another worker at the same moment; the packet went there.
    FlowsUntranslated,  ///< Of FlowsOpened: by --no-nat or --route6, with the host's own.
    AddressChanged,     ///< Flows that went on the host's next address: its own was full.
    PortProbes,         ///< Reply tuples tried while choosing ports.
    PortChanged,        ///< Flows that did not get their own source port.
    MssClamped,         ///< SYNs and SYN/ACKs whose MSS was lowered.
    EchoReplies,        ///< Pings to the gateway answered.
    IcmpErrors,         ///< ICMP errors originated.
    IcmpSuppressed,     ///< ICMP errors not sent: --icmp-rate, or no mbuf.
    TcpResets,          ///< RSTs originated: --invalid reject.
    TcpResetsSuppressed,      ///< RSTs not sent: --reject-rate, or no mbuf.
    TcpChallenges,            ///< ACKs originated that ask back about a RST: --tcp-strict.
    TcpChallengesSuppressed,  ///< Not sent: too many to one host, or no mbuf.
    Fragments,                ///< Sent on, the first of each datagram included.
    FragmentsEvicted,  ///< Datagrams that gave way to newer ones before all of them had passed.
    PacketsCut,        ///< Into fragments, for the outgoing MTU.
    ToTwin,            ///< Frames given to the gateway's kernel, copies of ARP included.
    FromTwin,          ///< Of Originated: frames that the gateway's kernel sent.
    ArpReceived,
    ArpSent,
    ArpConflicts,        ///< ARP frames in which another host claims an address of the gateway's.
    NeighbourConflicts,  ///< ARP frames in which another MAC claims a neighbour's address.
    NeighboursMoved,     ///< Of these claims, those that stood: the MAC before did not answer.
    NeighboursEvicted,   ///< They made room for others.
    LogLinesLost,        ///< Of the log: nobody read it in time.
    EventsLost,          ///< Of flows, to clients that read them too slowly.
    LogRecordsSent,      ///< Of the log of translations, to its collector.
    LogRecordsLost,      ///< Of it: the collector did not take them, or the log was too slow.
    ReadersLate,   ///< Lists that held up the reuse of records for 100 ms, and began a part anew.
    ReuseDelayed,  ///< How often a worker, or who deletes flows, has held that up for 100 ms.
    MemoryShort,   ///< What threads left out for which they had no memory.
};

inline constexpr size_t kCountCount = index(Count::MemoryShort) + 1;

/// A histogram of reply tuples tried for one packet: up to 1, 2, 4 … 256.
inline constexpr size_t kProbeBuckets = 9;
constexpr size_t probe_bucket(unsigned probes) {
    const size_t bucket = probes < 2 ? 0 : std::bit_width(probes - 1);
    return bucket < kProbeBuckets ? bucket : kProbeBuckets - 1;
}
constexpr unsigned probe_bound(size_t bucket) {
    return 1U << bucket;
}

/// The counter's name: "received".
std::string_view count_name(Count count);

struct alignas(64) Counters {
    Counters() = default;
    /// Of a thread that receives and transmits by so many interfaces.
    explicit Counters(size_t interface_count) : interfaces(interface_count) {}

    EnumArray<Count, Counter, kCountCount> count;
    EnumArray<Drop, Counter, kDropCount> drop;
    std::array<Counter, kProbeBuckets> probes;  ///< Packets that looked for a port.
    Counter waiting;  ///< Gauge: packets that this thread keeps for later.
    std::vector<InterfaceCounters> interfaces;  ///< By number; none of a thread without ports.
    Load load;                                  ///< Of a worker.
};

/// The sum of several Counters at one moment.
struct Snapshot {
    EnumArray<Count, uint64_t, kCountCount> count;
    EnumArray<Drop, uint64_t, kDropCount> drop;
    std::array<uint64_t, kProbeBuckets> probes{};
    uint64_t waiting = 0;
    std::vector<BothVolumes> interfaces;

    void add(const Counters& counters);
    uint64_t dropped() const;  ///< Σ dropped[reason].
    uint64_t held() const;     ///< In rings and queues.
};

}  // namespace sluice::stats

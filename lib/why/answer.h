// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Answer: what would become of a packet now, and what was decided on its way there.
///
/// Shape    Plain values, copied out of what others change. What a packet does not come to is not
///          there.

#include "conntrack/tcp_window.h"
#include "conntrack/tracker.h"
#include "link/egress.h"
#include "listing/flow_entry.h"
#include "nat/decision.h"
#include "net/mac.h"
#include "net/side.h"
#include "net/tuple.h"
#include "pool/port_range.h"
#include "stats/drop.h"
#include "why/ipv6_packet.h"
#include "worker/admission.h"
#include "worker/forwarding.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::why {

enum class Fate : uint8_t {
    Leaves,     ///< As `after`, by `exit`.
    Waits,      ///< Likewise, when its next hop has answered ARP.
    Dropped,    ///< For `reason`.
    Answered,   ///< A ping to the gateway, which replies.
    Kernels,    ///< For the gateway's kernel, by its twin of the interface.
    Follows,    ///< A later fragment, which goes where the first of its datagram goes.
    Discovery,  ///< Of IPv6 neighbours: the gateway answers it, or hears it as it hears ARP.
};

/// The packet as it comes.
struct Arrival {
    link::InterfaceId from = link::kNoInterface;
    net::Side side{};  ///< Of a packet that is one, and has come so far.
    bool has_side = false;
    bool is_parsed = false;  ///< The rest is known.
    net::Tuple tuple;        ///< Of an ICMP error that of what it quotes, turned round.
    Be32 source;             ///< As it stands in the frame.
    Be32 destination;
    uint16_t length = 0;
    uint8_t ttl = 0;
    uint8_t tcp_flags = 0;
    uint8_t icmp_type = 0;
    bool is_fragment = false;
    bool is_icmp_error = false;
    std::optional<Ipv6Packet> ipv6 = {};  ///< What it came as.
};

/// A flow that has the packet's tuple.
struct Met {
    listing::FlowEntry entry;
    net::Direction direction{};
    bool is_its_own = true;     ///< The packet is one of its: else it comes from where these go.
    conntrack::TcpEnds ends{};  ///< Of TCP, before the packet.
};

/// What the tracker says.
struct Tracked {
    conntrack::Segment segment;
    conntrack::Verdict verdict;
    bool is_next = false;  ///< The segment's numbers are not the frame's: as Question::is_next.
};

/// A rule, a denial or a static mapping, as the operator wrote it.
struct Written {
    std::string line;   ///< "inside = 10.1.0.0/24".
    std::string place;  ///< "sluice.conf:12"; empty where it stands in no file.
};

/// By where it would leave.
struct Exit {
    link::Path path;
    uint16_t mtu = 0;
    bool has_link = false;
    bool has_mac = false;
    bool has_failed = false;  ///< The neighbour does not answer ARP.
    net::MacAddress mac{};
};

/// By what the sender of a packet that is dropped learns of it, unless that has been said often
/// enough by now.
enum class SenderHears : uint8_t {
    Nothing,
    Reset,
    Error,   ///< Of ICMP, or of ICMPv6.
    TooBig,  ///< Likewise, with the MTU, for which there is no limit in all.
    Challenge,
};

/// Another gateway of the cluster, to which the packet goes as it came.
struct OwnerWords {
    Be32 address;      ///< That it has, and the packet is to be seen as.
    std::string name;  ///< For who knows the cluster to fill in.
};

struct Answer {
    Fate fate = Fate::Dropped;
    stats::Drop reason{};
    Arrival arrival;
    std::optional<Met> met;
    std::optional<Tracked> tracked;
    bool reopens = false;  ///< Its flow is over, and it opens another.

    // Of a packet without a flow.
    std::optional<worker::Admitted> admitted;
    std::optional<size_t> rule;  ///< By which an inside host is served, by RuleSet::index_of().
    std::optional<nat::Request> request;
    bool replaces = false;  ///< A worker ends another flow for it, of those that use up a limit.
    std::optional<nat::Decision> decision;
    std::optional<size_t> pool;  ///< That the rule gives addresses of, by RuleSet::pools().
    bool table_is_full = false;  ///< A worker ends another flow for this one, or drops the packet.
    bool may_search_on = false;  ///< A worker's search may go on where its last one has come to.

    std::optional<Crossed> crossed;  ///< Of what stays IPv6, which has nothing of the above.

    std::optional<OwnerWords> owner;  ///< Whose the packet is, if not this gateway's.

    std::optional<Exit> exit;
    net::Tuple after;            ///< As it leaves; of what stays IPv6 crossed.way says it.
    bool is_cut = false;         ///< Into fragments, for the exit's MTU.
    SenderHears sender_hears{};  ///< Of one that is dropped.
    unsigned worker = 0;         ///< That tracks it, where that is known.
    bool worker_is_known = false;

    // For who knows the configuration to fill in.
    Written rule_written = {};
    Written denial_written = {};
    std::string pool_name = {};
};

}  // namespace sluice::why

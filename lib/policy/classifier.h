// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Classifier: which of many matches is the one for a packet, by its source, its destination, its
/// protocol and its destination port.
///
/// Shape    Of the matches that hold, that with the longest destination wins; of these, that with
///          the fewest ports; of these, that with the longest inside prefix; of these, that which
///          names the zone. Compiled into steps over destinations; at each destination prefix into
///          steps over (protocol, port), which name its conditions, narrowest first; at each
///          condition into steps over inside addresses, of each zone that is named and of all.
/// Threads  Immutable after construction.
/// Cost     Where no match names a destination or a protocol, one binary search over the inside
///          addresses (two where zones are named); else one for each destination prefix around the
///          packet's, and for each condition there that its port meets (kMostConditions at most
///          where the caller has checked most_conditions()).

#include "net/ipv6.h"
#include "net/prefix.h"
#include "net/steps.h"
#include "net/tuple.h"
#include "net/zoned_steps.h"
#include "pool/port_range.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::policy {

using net::kNone;
using net::Steps;

/// Whom a packet is for, as far as a rule asks.
struct Toward {
    net::Prefix destination = {};                ///< /0: whomever.
    std::optional<net::Protocol> protocol = {};  ///< Nothing: any.
    pool::PortRange ports = pool::kAllPorts;     ///< Of the destination; not all beside a protocol.

    constexpr bool is_whomever() const { return destination.length == 0 && !protocol; }
    constexpr bool operator==(const Toward&) const = default;
};

struct Match {
    net::Prefix inside;
    Toward toward = {};
    std::optional<uint16_t> zone = {};  ///< That the inside addresses are of; nothing: any.
    std::optional<net::Ipv6Prefix> inside6 = {};  ///< For which `inside` stands, as written.

    constexpr bool operator==(const Match&) const = default;
};

inline constexpr size_t kMostConditions = 64;

class Classifier {
public:
    /// Of equal matches the first counts.
    explicit Classifier(std::span<const Match> matches);

    /// The number of the match; kNone where none holds.
    uint32_t find(const net::Tuple& packet) const {
        if (nodes_.size() == 1 && nodes_.front().is_plain)
            return find_whomever(packet.inside_source());
        return search(packet);
    }
    /// Likewise of those alone that ask for no destination and no protocol.
    uint32_t find_whomever(net::InsideAddress inside) const { return whomever_.find(inside); }

    /// How many different conditions on protocol and port hold for one packet, at most, at the
    /// destination where they are the most.
    static size_t most_conditions(std::span<const Match> matches);

private:
    /// Protocol and ports that some of a node's matches ask for.
    struct Condition {
        Toward toward;           // its destination is the node's
        net::ZonedSteps inside;  // the number of the match
    };
    /// A destination prefix.
    struct Node {
        uint32_t parent = kNone;  // the next shorter prefix around it
        bool is_plain = false;    // its one condition holds for all
        std::vector<Condition> conditions;
        Steps ports;                               // by protocol and port: which of `lists`
        std::vector<std::vector<uint32_t>> lists;  // of conditions, narrowest first
    };

    uint32_t search(const net::Tuple& packet) const;
    static uint32_t search(const Node& node, const net::Tuple& packet);
    static void fill(Node& node, std::span<const Match> matches, std::vector<uint32_t> numbers);
    static void lay_ports(Node& node);

    Steps destinations_;  // the node of the longest prefix
    std::vector<Node> nodes_;
    net::ZonedSteps whomever_;
};

}  // namespace sluice::policy

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Subject: what the command socket speaks about, handed to it so that it can be tested alone.
///
/// Threads  The functions are called from the server's threads, several at once.
/// Memory   All that is referred to outlives the server.

#include "base/clock.h"
#include "base/result.h"
#include "flow/flow_table.h"
#include "hosts/host_table.h"
#include "hosts/totals.h"
#include "listing/holds.h"
#include "listing/interface_name.h"
#include "listing/port_pressure.h"
#include "nat64/naming.h"
#include "observe/watches.h"
#include "stats/counters.h"
#include "why/answer.h"
#include "why/question.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::command {

/// What is told of one address of a pool.
struct PoolAddress {
    std::string pool;
    std::string address;
    uint64_t exhausted = 0;  ///< Packets that found every port toward their destination taken.
};

/// What is told of a port.
struct PortReport {
    std::string name;  ///< "lan".
    bool has_link = true;
    uint16_t mtu = 0;
    std::vector<std::pair<std::string, uint64_t>> losses;  ///< By name.
};

/// What has gone over the flows of a public address, or of all others.
struct AddressReport {
    std::string name;  ///< "198.51.100.1", "others".
    hosts::SideTraffic traffic;
};

/// An IPv6 host, and what stands for it inside.
struct Ipv6Host {
    std::string number;   ///< "198.18.0.20".
    std::string address;  ///< "2001:db8:1::10".
};

/// What is told of one of several uplinks.
struct UplinkReport {
    std::string name;  ///< "wan2".
    std::string gateway;
    unsigned weight = 1;
    bool is_up = true;
};

/// What is told of a gateway that is one of two.
struct PairReport {
    enum class Peer : uint8_t { Away, Standby, Active };

    bool is_active = true;
    Peer peer = Peer::Away;
    bool is_whole = false;  ///< The one that stands by has all flows of the other.
    uint32_t behind = 0;    ///< Messages that the peer has not taken yet.
    /// Both stand by, and the peer alone has the flows.
    bool lacks_flows = false;
    /// It stands by until it has the flows that the peer may have, and then forwards.
    bool takes_back = false;
    bool differs = false;  ///< The peer has other rules or pools.
    /// It is active, and the peer, which is away, may be so too.
    bool suspects_peer = false;
};

/// What is told of a gateway that shares its public addresses with others.
struct ClusterReport {
    struct Member {
        std::string name;
        bool leaves = false;
        std::string inside = {};  ///< Its address there; empty: it does not say.
    };
    struct Address {
        std::string address;
        std::string owner;  ///< Empty: nobody's, or nobody knows.
        bool is_held = false;
        std::string copy_at = {};  ///< Who has copies of its flows, where it is held.
    };
    std::string name;                  ///< This gateway's.
    std::chrono::milliseconds left{};  ///< For so long its lease is good; 0: it has none.
    std::vector<Member> members{};
    std::vector<Address> addresses{};
    bool is_copying = false;  ///< It keeps copies of others' flows, and they of its.
    size_t copies = 0;        ///< Records that it keeps for others.
    uint64_t copies_refused = 0;
};

/// What is told of a rule that refuses flows.
struct RuleReport {
    std::string flag;   ///< "deny".
    std::string text;   ///< As it is written behind the flag.
    std::string place;  ///< "sluice.conf:12"; empty where it stands in no file.
    uint64_t packets = 0;
};

/// How long something that fills has room at the present rate.
struct Outlook {
    uint64_t used = 0;
    uint64_t room = 0;
    std::optional<uint32_t> full_in{};  ///< Seconds; nothing while it does not fill.
};

/// That of the ports of a public address toward a destination: most of them are in use.
struct PortOutlook {
    listing::Pressure pressure;
    Outlook outlook;
};

/// Something has become that full (command/passings.h).
struct Passing {
    uint64_t number = 0;
    std::chrono::system_clock::time_point at{};
    unsigned mark = 0;  ///< Per cent.
    Outlook outlook;
    std::optional<listing::Pressure> ports{};  ///< These; nothing of the flow table.
};

/// A line that the log has had.
struct Notice {
    std::time_t at = 0;
    std::string text;
};

/// Who has not turned for a second, though he should.
struct Standstill {
    bool before_start = false;  ///< Nobody turns yet.
    bool control_core = false;
    uint64_t workers = 0;  ///< A bit each.

    bool stands(size_t worker) const { return (workers >> worker & 1) != 0; }
};

struct Subject {
    flow::FlowTable& flows;
    const hosts::HostTable& hosts;
    observe::Watches& watches;
    std::vector<const stats::Counters*> workers;  ///< By worker number.
    std::function<stats::Snapshot()> snapshot;    ///< The sum over all threads.
    std::function<Tick()> now;
    stats::Counters& operator_counters;  ///< Written by the server alone; part of the snapshot.
    std::string version;
    std::function<uint32_t(Be32)> ports_of;  ///< How many a public address has, from 1024 on.
    std::function<std::vector<PoolAddress>()> pools = [] { return std::vector<PoolAddress>(); };
    std::function<std::vector<PortReport>()> ports = [] { return std::vector<PortReport>(); };
    std::function<std::vector<UplinkReport>()> uplinks = [] { return std::vector<UplinkReport>(); };
    /// Nothing where the gateway is not one of two.
    std::function<std::optional<PairReport>()> pair = [] { return std::optional<PairReport>(); };
    /// Lets it become active, or stand by; returns when it is so.
    std::function<Status(bool is_active)> set_active = [](bool) -> Status {
        return Error{"This gateway is not one of two (--sync)."};
    };
    /// Reads the configuration again, or says with dry_run what that would change.
    std::function<Result<std::string>(bool dry_run)> reload = [](bool) -> Result<std::string> {
        return Error{"There is no configuration to read again."};
    };
    /// The configuration that holds, as the lines of a file.
    std::function<std::string()> configuration = [] { return std::string(); };
    /// The rules that refuse flows, each once.
    std::function<std::vector<RuleReport>()> rules = [] { return std::vector<RuleReport>(); };
    /// By their numbers.
    std::function<std::vector<listing::InterfaceName>()> interfaces = [] {
        return std::vector<listing::InterfaceName>();
    };
    /// What would become of a packet now.
    std::function<why::Answer(const why::Question&)> why = [](const why::Question&) {
        return why::Answer();
    };
    /// What the configuration says of a public endpoint.
    std::function<listing::Given(const listing::PublicEndpoint&)> given =
        [](const listing::PublicEndpoint&) { return listing::Given(); };
    std::function<Standstill()> standstill = [] { return Standstill(); };
    /// Puts a line into the log.
    std::function<void(const std::string&)> tell = [](const std::string&) {};
    /// The last lines of the log, oldest first.
    std::function<std::vector<Notice>()> notices = [] { return std::vector<Notice>(); };
    /// Of the CPU's time stamp counter, to tell cycles of times; 0 where it is not known.
    uint64_t cycles_per_second = 0;
    /// Of flows that have ended; null without accounting.
    const hosts::Totals* totals = nullptr;
    /// Configurations that were replaced, and that somebody may still go by.
    std::function<size_t()> policies_waiting = [] { return size_t{0}; };
    // What the server's recorder knows; set by the server.
    std::function<Outlook()> flows_outlook = [] { return Outlook(); };
    std::function<std::vector<PortOutlook>()> port_outlooks = [] {
        return std::vector<PortOutlook>();
    };
    /// With numbers above that one, oldest first.
    std::function<std::vector<Passing>(uint64_t)> passings = [](uint64_t) {
        return std::vector<Passing>();
    };
    std::function<uint64_t()> last_passing = [] { return uint64_t{0}; };
    std::function<std::vector<AddressReport>()> address_traffic = [] {
        return std::vector<AddressReport>();
    };
    /// By their numbers.
    std::function<std::vector<Ipv6Host>()> ipv6_hosts = [] { return std::vector<Ipv6Host>(); };
    /// Nothing where the gateway shares no addresses with others.
    std::function<std::optional<ClusterReport>()> cluster = [] {
        return std::optional<ClusterReport>();
    };
    /// Of IPv6 hosts, in all that is told.
    nat64::Naming naming = {};
};

}  // namespace sluice::command

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Gateway: every room of the house, wired together, with ports and no threads yet.
///
/// Shape    Owns the flow table, pool, routes, next hops, rings, workers and the control core. The
///          caller owns the ports and packet pools, and decides which thread turns what.
/// Threads  worker(i) is turned by one thread each, control() by another; snapshot() by any.
/// Memory   All at create().
/// Errors   create() says in one sentence what cannot be had.

#include "answer/budgets.h"
#include "base/monotonic.h"
#include "base/result.h"
#include "base/secret.h"
#include "cluster/inbox.h"
#include "config/config.h"
#include "control/core.h"
#include "flow/flow_table.h"
#include "gateway/ipv6_peers.h"
#include "gateway/log_clock.h"
#include "gateway/others.h"
#include "gateway/policies.h"
#include "gateway/restoration.h"
#include "gateway/shortage_log.h"
#include "helper/helped.h"
#include "hosts/host_table.h"
#include "hosts/totals.h"
#include "io/port.h"
#include "io/steering.h"
#include "link/interfaces.h"
#include "link/next_hops.h"
#include "link/ring.h"
#include "link/uplinks.h"
#include "nat/kept_endpoints.h"
#include "nat64/naming.h"
#include "nat64/numbers.h"
#include "observe/watches.h"
#include "pool/address_key.h"
#include "pool/draws.h"
#include "pool/exhaustion.h"
#include "pool/holdings.h"
#include "pool/own_ports.h"
#include "state/image.h"
#include "stats/counters.h"
#include "why/inquiry.h"
#include "worker/worker.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct rte_mempool;

namespace sluice::gateway {

/// What the gateway stands on, beyond the configuration.
struct Ground {
    std::vector<io::Port*> ports;    ///< As config::ports_of() has them.
    rte_mempool* packets = nullptr;  ///< For what workers and control core send by themselves.
    int numa_node = -1;
    MonotonicClock clock{};  ///< That of whoever turns it.
    Secret secret{};         ///< Random per start.
    /// Of the choice of a host's public address; kept from start to start, so that hosts keep
    /// theirs.
    pool::AddressKey address_key{0};
    // With --sync: IPv6 hosts, inside and outside, have a number by these in both.
    std::optional<SipKey> number_key = {};
    std::optional<SipKey> outside_number_key = {};
    std::vector<io::Tap*> taps = {};   ///< Of the interfaces that have a twin, in their order.
    io::ReadListeners listeners = {};  ///< Of the kernel; null where it is not asked.
    control::Notice notice;            ///< Takes what the operator's log should say.
    std::optional<Inheritance> inheritance = {};  ///< With --state.
    pool::Holdings* holdings = nullptr;           ///< With --cluster: of its public addresses.
    cluster::Inbox* inbox = nullptr;              ///< Where flows move with them.
};

/// One of several uplinks.
struct UplinkState {
    std::string name;  ///< Its interface's.
    Be32 gateway;
    uint8_t weight = 1;
    bool is_up = false;
};

class Gateway {
public:
    /// `config` has been validated.
    static Result<std::unique_ptr<Gateway>> create(const config::Config& config,
                                                   const Ground& ground);
    ~Gateway();

    unsigned workers() const { return static_cast<unsigned>(workers_.size()); }
    worker::Worker& worker(unsigned index) { return *workers_[index]; }
    const worker::Worker& worker(unsigned index) const { return *workers_[index]; }
    bool steers_replies() const { return steering_.has_value(); }
    Policies& policies() { return *policies_; }
    /// Lets a policy that policies() have compiled hold; as Policies::use().
    bool use(const Policies::Pointer& policy);
    const pool::Exhaustion& exhaustion() const { return *exhaustion_; }
    control::Core& control() { return *control_; }
    flow::FlowTable& table() { return *table_; }
    const hosts::HostTable& hosts() const { return *hosts_; }
    /// By which IPv6 hosts are told.
    nat64::Naming naming() const { return naming_; }
    /// Of flows that have ended; null without --accounting.
    const hosts::Totals* totals() const { return totals_.get(); }

    /// How many ports from 1024 on a public address has, toward each destination.
    uint32_t ports_of(Be32 address) const;

    /// What would become of a packet now by that policy, which the caller keeps. Any thread but
    /// workers and the control core.
    why::Answer ask(const why::Question& question, const policy::Policy& policy, Tick now) const {
        return inquiry_->ask(question, policy, now);
    }

    /// The sum over all threads.
    stats::Snapshot snapshot() const;
    /// Counters of what operators do to flows: for the command socket's thread.
    stats::Counters& operator_counters() { return operator_counters_; }
    /// Who looks at packets.
    observe::Watches& watches() { return *watches_; }
    /// Where there are several, by that policy.
    std::vector<UplinkState> uplinks(const policy::Policy& policy) const;
    const link::Interfaces& interfaces() const { return *interfaces_; }

    /// Null where the gateway is not one of two.
    Replica* replica() { return others_.replica(); }

    /// What has become of the flows of a process before.
    const Restored& restored() const { return restored_; }

    /// Drops what waits in rings and queues, when no thread turns any more.
    void drain();

private:
    /// Rings between threads: packets in transit, owned by nobody else.
    struct Rings {
        std::vector<std::vector<link::Ring>> handoff;  // [from][to]
        std::vector<link::Ring> punt;                  // [worker], to the control core
        std::vector<link::Ring> release;               // [worker], from the control core
    };

    Gateway() = default;
    Status allocate(const config::Config& config, const Ground& ground);
    Status make_rings(unsigned workers);
    void assemble(const config::Config& config, const Ground& ground);
    void restore(const config::Config& config, const Ground& ground);
    control::UplinkWatchParams uplink_params(const Ground& ground);
    control::TwinParams twin_params(const Ground& ground);
    control::CoreParams core_params(const config::Config& config, const Ground& ground);
    worker::WorkerParams worker_params(const config::Config& config, uint8_t id,
                                       const Ground& ground);

    std::unique_ptr<hosts::HostTable> hosts_;
    std::unique_ptr<hosts::Quotas> quotas_;  // told by the flow table, or by the totals
    std::unique_ptr<hosts::Totals> totals_;  // with accounting, told by the flow table
    std::unique_ptr<flow::FlowTable> table_;
    std::unique_ptr<observe::Watches> watches_;  // with the table's grace periods
    std::unique_ptr<Policies> policies_;
    std::unique_ptr<pool::Exhaustion> exhaustion_;
    std::unique_ptr<ShortageLog> shortage_log_;
    std::unique_ptr<LogClock> log_clock_;
    nat::KeptEndpoints kept_endpoints_;
    std::unique_ptr<helper::Helped> helpers_;  // where flows are helped
    std::optional<pool::Draws> draws_;
    std::optional<io::Steering> steering_;
    std::optional<link::Interfaces> interfaces_;
    std::unique_ptr<link::NextHops> next_hops_;
    std::unique_ptr<nat64::Numbers> numbers_;      // where IPv6 is served
    std::unique_ptr<Ipv6Peers> peers_;             // where IPv6 hosts outside have flows
    std::unique_ptr<nat64::Addresses> addresses_;  // where IPv6 is served
    nat64::Naming naming_;
    link::LivingUplinks living_uplinks_;
    std::unique_ptr<answer::Budgets> budgets_;
    std::unique_ptr<pool::OwnPorts> own_ports_;      // where an interface has a twin
    std::vector<answer::TokenBucket> twin_buckets_;  // by interface
    Others others_;
    std::unique_ptr<worker::Shared> shared_;
    std::unique_ptr<why::Inquiry> inquiry_;
    Rings rings_;
    std::vector<std::unique_ptr<worker::Worker>> workers_;
    std::unique_ptr<control::Core> control_;
    stats::Counters operator_counters_;
    Restored restored_;
    stats::Counters restored_counters_;
};

}  // namespace sluice::gateway

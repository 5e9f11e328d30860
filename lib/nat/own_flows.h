// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// OwnFlows: the life of a worker's flows, each from the packet that opens it to the one that ends
/// it.
///
/// Shape    One per worker, over the shared table and pool. To open a flow is to decide about its
///          external port, and then to insert the reply tuple: the insert is the claim, so two
///          flows never share one, and no port is taken that another worker takes at the same
///          moment.
/// Threads  Owned by one worker. Its flows are those that it opened.
/// Errors   A packet that opens nothing is dropped with a reason.
/// Cost     Opening: a few lookups and one insert (nat/allocator.h). Where no port is left toward a
///          server, a look at some who hold one (nat/contest.h).

#include "base/clock.h"
#include "conntrack/tracker.h"
#include "flow/flow_table.h"
#include "flow/stock.h"
#include "helper/helped.h"
#include "hosts/host_table.h"
#include "hosts/quotas.h"
#include "nat/allocator.h"
#include "nat/contest.h"
#include "nat/decision.h"
#include "nat/early_drop.h"
#include "nat/foretelling.h"
#include "nat/holders.h"
#include "nat/kept_endpoints.h"
#include "nat/mappings.h"
#include "nat/rules.h"
#include "nat/ties.h"
#include "net/side.h"
#include "net/tuple.h"
#include "stats/counters.h"

#include <array>
#include <cstdint>

namespace sluice::nat {

/// What those of all workers share.
struct OwnFlowsParams {
    flow::FlowTable& table;
    const Current& policy;
    KeptEndpoints& kept;
    const pool::Draws& draws;
    pool::Exhaustion& exhaustion;
    const io::Steering* steering;  ///< Null: replies arrive where they arrive.
    hosts::HostTable& hosts;
    uint32_t reserve = 0;  ///< Records kept for a full table; flow::reserve_for().
    const pool::OwnPorts* own_ports = nullptr;  ///< The gateway's, no flow's; null for none.
    hosts::Quotas* quotas = nullptr;            ///< Null: nothing is counted beside hosts.
    helper::Helped* helpers = nullptr;          ///< Null: no flow is helped.
    const pool::Holdings* holdings = nullptr;   ///< Null: every public address may be used.
};

/// What became of a packet that met no flow.
struct Opening {
    enum class Outcome : uint8_t {
        Opened,   ///< `flow` is new and in the state that the packet put it in.
        Existed,  ///< Another packet opened it a moment ago: `flow` may belong to another worker.
        Refused,  ///< For `reason`; no flow is left behind.
    };
    Outcome outcome = Outcome::Refused;
    flow::FlowRef flow;
    stats::Drop reason{};
    std::array<uint64_t, 2> hashes{};  ///< Of Opened: FlowTable::hasher() of both its keys.
};

/// What became of a packet of a flow.
struct Tracking {
    conntrack::Action action = conntrack::Action::Pass;
    stats::Drop reason{};
    bool is_counted = false;  ///< The flow's account has the packet.
};

class OwnFlows {
public:
    OwnFlows(const OwnFlowsParams& params, flow::Member& member, stats::Counters& counters,
             uint8_t worker);

    /// Takes records for `count` flows that a burst may open; finish() gives back what is left.
    void prepare(unsigned count) { stock_.prepare(count); }
    void finish() { stock_.finish(); }

    /// Sends for what opening a flow from inside will read beside the buckets of its tuple. Of a
    /// burst, first expect_host() for each that may open, then expect_entry(); what both find out
    /// is for Request::ahead.
    void expect_host(const net::Tuple& original, Ahead& ahead) {
        ahead.host_hash = params_.hosts.hash(original.inside_source());
        params_.hosts.send_for_head(ahead.host_hash);
        ahead.endpoint_hash = params_.kept.hash(original);
        params_.kept.send_for(ahead.endpoint_hash);
    }
    void expect_entry(const Ahead& ahead) { params_.hosts.send_for_entry(ahead.host_hash); }
    /// The key that a flow from inside will look up first, most likely, by `rule`.
    net::Tuple first_guess(const net::Tuple& original, const Rule& rule) const {
        return allocator_.first_guess(original, rule);
    }

    /// Opens a flow for its first packet, of so many bytes, its IP header included.
    Opening open(const Request& request, const conntrack::Segment& segment, Tick now,
                 uint32_t bytes = 0);

    /// Steps the flow's state. On Reopen the flow is killed already; on Delete too, and the record
    /// may be read until the end of the turn.
    Tracking track(flow::FlowRef ref, const conntrack::Segment& segment, Tick now);
    /// Likewise, and counts the packet if it is one that counts; where there is accounting.
    Tracking track_and_count(flow::FlowRef ref, const conntrack::Segment& segment, Tick now,
                             uint32_t bytes);

    Foretelling& foretelling() { return foretelling_; }

private:
    /// The packet that opens a flow.
    struct First {
        const Request& request;
        const conntrack::Verdict& verdict;
        const conntrack::TrackerBytes& tracker;
        hosts::HostIndex host;
        hosts::Charge charge;
        Tick now;
        uint32_t bytes;
    };

    hosts::Counted admit(const Request& request, Tick now);
    hosts::Charged charge(const Request& request, Tick now);
    void open_for_host(First& first, Opening& opening);
    void open_admitted(const First& first, Opening& opening);
    Decision decide(const First& first);
    Decision search(const First& first);
    std::optional<Decision> contend(const First& first, unsigned most_keys);
    bool commit(const First& first, const Decision& decision, Opening& opening);
    bool insert(const First& first, const Decision& decision, const Tied& tied, Opening& opening);
    std::optional<uint32_t> take_record(const First& first);
    bool make_room(const First& first);
    void begin_under(uint32_t index, bool is_inward, Tick deadline, Tick now);
    std::array<uint64_t, 2> hashes_of(const Request& request, const Decision& decision,
                                      const flow::FlowRecord& record) const;
    Duration first_timeout(const flow::FlowRecord& record, const First& first) const;
    Tick keep(flow::FlowRef ref, bool is_step, Tick deadline, Tick now);
    Tick first_look(uint32_t index, Tick now, Duration timeout) const;
    void fill(flow::FlowRecord& record, const First& first, const net::Tuple& reply) const;
    void count(const First& first, const Decision& decision, uint32_t index);
    template <typename CountIt>
    Tracking step(flow::FlowRef ref, const conntrack::Segment& segment, Tick now, CountIt count_it);

    OwnFlowsParams params_;
    flow::Member& member_;
    stats::Counters& counters_;
    uint8_t worker_;
    flow::Stock stock_;
    Holders holders_;
    Mappings mappings_;
    Ties ties_;
    Allocator allocator_;
    Trail trail_;
    EarlyDrop early_drop_;
    Contest contest_;
    Foretelling foretelling_;
};

}  // namespace sluice::nat

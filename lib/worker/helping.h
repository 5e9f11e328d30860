// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Helping: what a packet of a helped flow goes through beside the stages of every packet's way.
///
/// Shape    Two steps, and one of its own for calls of PPTP (worker/calling.h). Before tracking,
///          what it acknowledges becomes what its receiver has sent, so that the tracker sees each
///          end's own numbers. Behind it, a line that tells where its sender waits foretells a
///          flow, and says the public endpoint from here on; and what the packet carries gets the
///          numbers that its receiver counts by.
/// Threads  Owned by one worker, of whose flows it is asked.
/// Errors   A packet with what cannot be read, or foretold, passes as it came, and is counted. One
///          that ends within such a line is dropped a few times, and what comes behind it too: its
///          sender puts the whole line into one then.
/// Cost     A flow without a helper: one bit of its status on the slow way; nothing on the fast
///          one, which a helped flow never takes (flow::FlowRecord::look_into()).
/// Source   nf_conntrack_ftp, nf_nat_ftp, nf_conntrack_tftp and nf_conntrack_seqadj of Linux 6.x;
///          RFC 2018 (SACK). Linux drops a part of a line likewise, but not what follows it, nor
///          does it ever stop.

#include "base/clock.h"
#include "conntrack/status.h"
#include "conntrack/tcp_tracker.h"
#include "flow/flow_table.h"
#include "helper/ftp.h"
#include "helper/helped.h"
#include "nat/foretelling.h"
#include "net/packet.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "stats/drop.h"
#include "worker/calling.h"

#include <cstdint>
#include <optional>
#include <string_view>

struct rte_mbuf;

namespace sluice::worker {

class Helping {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        nat::Foretelling& foretelling;
        stats::Counters& counters;
        helper::Helped* helpers;  ///< Null: nothing is helped.
    };
    /// Of a packet that has met its flow.
    struct Subject {
        rte_mbuf* mbuf;
        net::Packet& packet;
        flow::FlowRef flow;
    };

    explicit Helping(const Parts& parts)
        : parts_(parts),
          calling_({parts.table, parts.foretelling, parts.counters, parts.helpers}) {}

    bool is_on() const { return parts_.helpers != nullptr; }
    bool helps(flow::FlowRef flow) const { return has(flow, conntrack::kHelped); }

    void before_tracking(const Subject& subject) const;
    /// How the receiver of a refused RST asks its sender back, in the numbers of that.
    conntrack::Question question_to_sender(flow::FlowRef flow) const;
    /// Behind tracking too, and before the next packet of the burst is tracked.
    void hear_calls(const Subject& subject, Tick now) const;
    /// Why it is dropped, if it is.
    std::optional<stats::Drop> after_tracking(const Subject& subject, Tick now) const;

private:
    /// What a TCP segment carries.
    struct Speech {
        std::string_view text;
        uint32_t seq = 0;
    };
    struct Line {
        helper::FtpLine told;
        size_t at = 0;  ///< In the text.
    };

    bool has(flow::FlowRef flow, conntrack::Status status) const {
        // relaxed: set before the flow is published.
        return (parts_.table.record(flow).status.load(std::memory_order_relaxed) & status) != 0;
    }
    const policy::Rule* rule_of(const Subject& subject) const;
    Speech speech_of(const Subject& subject) const;
    std::optional<stats::Drop> listen(const Subject& subject, Tick now) const;
    bool waits_on(helper::Waiting& waiting, const Speech& speech,
                  std::optional<uint32_t> part) const;
    void tell(const Subject& subject, const Speech& speech, const Line& line, Tick now) const;
    std::optional<Be16> port_for(const Subject& subject, const Speech& speech, const Line& line,
                                 Tick now) const;
    void rewrite(const Subject& subject, const Speech& speech, const Line& line, Be16 port) const;
    void foretell_answer(const Subject& subject, Tick now) const;
    helper::State& state_of(const Subject& subject) const {
        return parts_.helpers->state(subject.flow.index());
    }
    void count(stats::Count what) const { parts_.counters.count[what].add(1); }

    Parts parts_;
    Calling calling_;
};

}  // namespace sluice::worker

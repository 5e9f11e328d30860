// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// FastPath: the straight way of plain packets of standing flows, from frame to frame in three
/// short loops. What is not plain, or not sure, stays live and goes through the stages.
///
/// Shape    Each loop visits the packets of a burst in order: read() makes their tuples of a few
///          words, FlowTable::guess_bulk() sends for their records, send() decides and rewrites.
///          Plain are TCP and UDP, whole and in one segment, without IP options, within every MTU,
///          of sound lengths and checksums; of TCP data and ACKs, without options but a
///          timestamp. A flow stands where it is this worker's, assured, of TCP also ESTABLISHED,
///          hangs on nothing that its packets keep alive, and remembers a next hop that answers.
/// Rule     Nothing is decided here otherwise than by the stages, which are the oracle of its tests
///          (tests/model/fast_path_model_test.cc): a packet leaves as it would through them, or
///          is not touched.
/// Order    A burst leaves in the order in which it came: behind a packet that stays, those that go
///          this way wait in `passed`, rewritten, until it is sent or not. Packets of a flow are
///          decided in their order: where one stays, those of its flow behind it stay too.
///          Where a packet does not say whose it is (a fragment, IP options, ARP, IPv6, a tag on a
///          port without VLANs), all behind it stay.
///          So a packet is decided before others of its burst, but before none that could change
///          what becomes of it: whoever opens a flow in a full table takes none that is assured,
///          and no live flow's port is given away.
/// Watched  What concerns somebody who watches stays, by its flow; all else is passed over.
/// Threads  Owned by one worker.
/// Cost     docs/performance.md counts the instructions.

#include "base/clock.h"
#include "flow/flow_table.h"
#include "link/egress.h"
#include "net/packet.h"
#include "observe/tap.h"
#include "policy/current.h"
#include "stats/counters.h"
#include "worker/arrival.h"
#include "worker/burst.h"

#include <cstdint>
#include <span>
#include <vector>

struct rte_mbuf;

namespace sluice::worker {

class FastPath {
public:
    /// All of these outlive this object.
    struct Parts {
        flow::FlowTable& table;
        const policy::Current& policy;
        link::Egress& egress;
        const std::vector<Arrival>& arrivals;  ///< By interface.
        stats::Counters& counters;
        observe::Tap& tap;
        uint8_t worker;
    };

    explicit FastPath(const Parts& parts) : parts_(parts) {}

    /// Sends what is plain, of live packets whose tags have been taken off. What it has found out
    /// of the others it leaves in `plain`, `guesses` and `guessed`.
    void forward(Burst& burst, Tick now);

    /// What net::parse() says of a plain packet.
    static net::Packet packet_of(const rte_mbuf* mbuf);

private:
    void read(Burst& burst) const;
    static bool is_plain(const rte_mbuf* mbuf, const Arrival& arrival);
    uint64_t send(Burst& burst, Tick now);
    bool let_stay(const Burst& burst, unsigned i, Tick now, uint64_t& staying) const;
    void count(const Burst& burst, uint64_t packets, std::span<const uint16_t> bytes);
    void send_for_flow(const Burst& burst, unsigned i) const;

    Parts parts_;
};

}  // namespace sluice::worker

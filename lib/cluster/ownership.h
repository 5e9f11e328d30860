// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Ownership: which public addresses this gateway of a cluster may use, and until when.
///
/// Shape    The protocol of docs/scale-out.md alone: it is told moments, answers and news, and says
///          what to ask of the store next, one request after the other. No I/O, no clock.
///          An address is used while its key names this gateway, under its lease, and while no more
///          than Timing::use_for() has passed since a write of its own key was sent that has been
///          confirmed since. To give one to another it stops to use it, waits until workers have
///          seen that, lets the other be told what goes by it (who can be told), and writes the
///          other's name; where no answer comes it uses the address again
///          only when that write has come true or cannot any more.
///          One that it has taken, and has copies of, it uses when these are in the flow table, or
///          after some seconds.
/// Units    Moments of one monotonic clock.
/// Threads  One at a time.
/// Cost     next() looks at every address.
/// Source   docs/adr/0033-scale-out.md; scripts/cluster/node.py, which simulates it.

#include "cluster/heard.h"
#include "cluster/shares.h"
#include "cluster/store.h"
#include "cluster/succession.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

/// All gateways of a cluster have the same.
struct Timing {
    Moment ttl = std::chrono::seconds(5);            ///< Of a lease.
    Moment margin = std::chrono::milliseconds(250);  ///< For a worker's turn and its rings.
    Moment renew_every = std::chrono::seconds(1);
    int64_t rate_divisor = 1000;  ///< A clock's rate is off by one part in so many at most.

    Moment use_for() const { return ttl - 2 * ttl / rate_divisor - margin; }
};

struct OwnershipParams {
    std::string name;
    uint64_t instance = 0;        ///< Drawn at each start.
    std::vector<Be32> addresses;  ///< Ascending, and none twice.
    Timing timing = {};
    Inside inside = {};
    std::optional<net::Endpoint> takes_at = {};  ///< Of this gateway, as Member has it.
    /// What went by an address since that was its owner is kept here; null: nothing ever is.
    std::function<bool(const Owner&)> has_copies = {};
};

/// Addresses that are not used any more, and whom to tell what goes by them.
struct Move {
    std::vector<size_t> indexes;  ///< They ascend.
    std::string name;
    uint64_t instance = 0;  ///< Of that one's process.
    net::Endpoint to;
    Moment asked{};  ///< When this was so.
    Moment by{};     ///< For so long the addresses wait for it.
};

class Ownership {
public:
    explicit Ownership(const OwnershipParams& params);

    /// What is to be asked now; `now` was read before it is sent. Nothing where all is said for the
    /// moment. Its answer comes before the next call.
    std::optional<Request> next(Moment now);
    void answer(const Answer& answer, Moment now);

    /// In order from heard().news_from() on, and none left out.
    void hear(const News& news, Moment now);
    /// Some were left out: all is read again.
    void miss() { heard_.miss(); }

    /// What is to be told now; nothing where nothing is, or is not any more.
    std::optional<Move> to_tell(Moment now) const;
    /// It has been told, or could not be.
    void told(const Move& move);

    Succession& succession() { return succession_; }
    const Succession& succession() const { return succession_; }

    /// Hands over all addresses, and gives its lease back; at `by` without having handed over.
    void leave(Moment by);
    bool has_left() const { return has_left_; }

    /// The address of that index may be used before use_until().
    bool has(size_t index) const {
        return is_ours(index) && places_[index].step == Step::No && !succession_.waits(index);
    }
    Moment use_until() const { return use_until_; }
    const Heard& heard() const { return heard_; }
    /// Since when another has this gateway's name; nothing where none has.
    std::optional<Moment> rival_since() const { return rival_since_; }

private:
    enum class Step : uint8_t {
        No,
        Stopped,  ///< It is not used any more, and written when workers have seen that, and who is
                  ///< to have it has been told what goes by it.
        Uncertain,  ///< It was written, and no answer has come.
        Settling,   ///< That has come true by now, or will not: a read tells.
    };

    /// Of addresses in one transaction: one of etcd's compares and writes 128 keys at most.
    static constexpr size_t kLargestBatch = 100;

    struct Place {
        Step step = Step::No;
        std::string to{};      // Stopped: who is to have it,
        uint64_t process = 0;  // and which process of that name
        bool is_told = false;
        Moment seen_at{};     // then workers have seen it
        Moment written_at{};  // it is to be, then, told or not
        Revision guard = 0;   // Uncertain: it was written by
        Moment again{};       // no further attempt before
    };

    std::optional<Request> choose(Moment now);
    Request renew() const;
    bool is_done() const;
    std::optional<Request> move_or_take(Moment now);
    void begin_moves(Moment now);
    void take(size_t index, Moment now);
    Moment taken_from(size_t index) const;
    Request put_owners() const;

    void answered(const Grant& request, const Answer& answer, Moment now);
    void answered(const PutMember& request, const Answer& answer, Moment now);
    void answered(const PutOwners& request, const Answer& answer, Moment now);
    void answered(const Read& request, const Answer& answer, Moment now);

    void be_member(Revision revision, Moment now);
    void confirm(Revision revision, Moment now);
    void lose_lease(Moment now);
    bool is_ours(size_t index) const;
    void count_shares();

    OwnershipParams params_;
    Heard heard_;
    std::vector<Place> places_;  // by address
    Shares shares_;
    Succession succession_;
    std::optional<Request> request_;  // on its way
    std::vector<size_t> requested_;   // of PutOwners: the addresses
    size_t batch_ = kLargestBatch;    // so many at once
    Moment sent_{};                   // it was, or will be
    Lease lease_ = 0;
    bool is_member_ = false;
    bool is_kept_ = false;  // this renewal has kept the lease alive
    bool leaves_ = false;
    bool has_left_ = false;
    Revision revision_ = 0;  // of its own key
    Moment use_until_ = Moment::min();
    Moment again_ = Moment::min();  // no attempt to join, or to read, before
    Moment renew_at_{};
    Moment joined_at_{};
    Moment leave_by_{};
    std::optional<Moment> rival_since_{};
};

}  // namespace sluice::cluster

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Reception: the connections to a socket for as long as nobody works for them: those whose request
/// is not here as a whole yet, and those that have their answer and are not closed.
///
/// Shape    One list, at most kMostGuests. A client has so long and so many bytes for its request,
///          and so long to close after the answer; none of that takes a thread that answers. Where
///          there are too many, the oldest gives way of the origin that has the most (a user; over
///          TCP an address), so that one's flood does not keep another out. Of whole requests the
///          owner's go first, and those of an origin that has as many threads as it may wait.
/// Threads  run() is one thread's; take() and part() any number of others'.
/// Errors   Where the system has no descriptor or memory for a connection the oldest gives way. Out
///          of memory of its own run() and take() throw, lose nothing by it but the one connection
///          that it was for, and are to be called again.
/// Memory   kMostGuests times the largest request.

#include "base/descriptor.h"
#include "command/patience.h"

#include <chrono>
#include <compare>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

struct pollfd;

namespace sluice::command {

inline constexpr size_t kMostRequest = 16384;  ///< Bytes, headers and all.
inline constexpr size_t kMostGuests = 256;

/// Where a connection comes from: a user of this machine, or over TCP an address.
struct Origin {
    bool is_user = false;
    uint32_t number = 0;  ///< The user's, or the address in host order.

    bool is_user_of(uid_t user) const { return is_user && number == user; }
    auto operator<=>(const Origin&) const = default;
};

/// A connection whose request is here.
struct Visitor {
    Descriptor socket;
    std::string request;
    Origin origin{};
};

class Reception {
public:
    /// `listener` and `stop`, which becomes readable when all stops, outlive this object, and
    /// `wake` is an eventfd. `owner` is the user whose requests go first, beside root.
    Reception(int listener, int stop, Descriptor wake, const Patience& patience, uid_t owner);

    /// Receives until all stops.
    void run();
    /// Waits for a request; nothing when all stops. finish() is told of each one's origin.
    std::optional<Visitor> take();
    /// A thread has answered.
    void finish(const Origin& origin);
    /// Of who has been answered: waits until the client closes too, for closing first would make
    /// the kernel throw away what it has not read yet.
    void part(Visitor visitor);

private:
    using Clock = std::chrono::steady_clock;
    enum class State { Receiving, Whole, Parting };
    struct Guest {
        Visitor visitor;
        State state = State::Receiving;
        Clock::time_point deadline;
    };
    using Guests = std::list<Guest>;

    bool is_owner(const Origin& origin) const {
        return origin.is_user_of(0) || origin.is_user_of(owner_);
    }
    bool may_be_answered(const Guest& guest) const;
    int prepare(std::vector<pollfd>& polled, std::vector<Guests::iterator>& guests);
    void receive(const std::vector<pollfd>& polled, const std::vector<Guests::iterator>& guests);
    bool receive_from(Guest& guest);
    void accept_all();
    void admit(Descriptor socket);
    void make_room();
    void end();

    int listener_;
    int stop_;
    Descriptor wake_;
    Patience patience_;
    uid_t owner_;
    Clock::time_point accept_again_{};  // after a lack of descriptors or memory

    std::mutex mutex_;  // of all below
    std::condition_variable changed_;
    Guests guests_;                        // oldest first
    std::map<Origin, unsigned> answered_;  // at this moment, by so many threads
    bool ended_ = false;
};

}  // namespace sluice::command

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Pair: the thread that speaks with the other gateway of a pair.
///
/// Shape    Two channels, one each way: to a peer that has connected this gateway tells its flows
///          while it is active, or while the peer is to forward and wants back the copies that are
///          here; from the peer to which it has connected it takes them while it stands by. Both
///          say all the time who is active, so each knows of the other as long as one of them
///          works.
///          Where both are active for half a second, one steps back: who has flows that nobody else
///          had, and has told them to nobody, which is one that has just started; else who has the
///          lower priority; else who drew the lower number at its start.
/// Threads  One of its own, which never makes a worker or the control core wait.
/// Errors   start() says in a sentence why not. What comes from the peer, and is none of ours, ends
///          its channel, and the log says so once.
/// Source   The idea of a full resync and updates behind it: conntrackd's FT-FW.

#include "base/descriptor.h"
#include "base/result.h"
#include "listing/background.h"
#include "net/tuple.h"
#include "sync/channel.h"
#include "sync/complaints.h"
#include "sync/mailbox.h"
#include "sync/own_thread.h"
#include "sync/renewal.h"
#include "sync/standing.h"
#include "sync/teller.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sluice::sync {

/// How long two may be active before one steps back: what each says of itself is that old at most.
inline constexpr std::chrono::milliseconds kQuarrel{500};

struct PairParams {
    net::Endpoint listen;
    net::Endpoint peer;
    Proof proof;
    Hello hello;  ///< All but the instance.
    TellerParams teller;
    Standing& standing;
    Mailbox& mailbox;
    std::function<void(const std::string&)> notice;
    listing::Background background{};
};

class Pair {
public:
    /// Listens, and lets the thread run; `standing`, `mailbox` and the table outlive it.
    static Result<std::unique_ptr<Pair>> start(PairParams params);
    ~Pair();
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    void stop() { thread_.stop(); }

private:
    using Clock = std::chrono::steady_clock;

    /// A channel, and what its other end has said.
    struct Session {
        Session(const Tls& tls, Descriptor descriptor, Channel::End end)
            : channel(tls, std::move(descriptor), end) {}

        Channel channel;
        bool has_greeted = false;
        std::optional<Hello> hello{};
        std::optional<State> state{};  // the peer's
        State said{};                  // ours
        Clock::time_point said_at{};
        Clock::time_point heard = Clock::now();
        uint32_t applied = 0;
    };
    using SessionPointer = std::unique_ptr<Session>;

    explicit Pair(PairParams params);
    Status begin();
    Status listen();
    void run();
    void turn();
    void wait() const;
    void accept_peer();
    void connect_peer();
    void serve();
    void follow();
    void look_for_join();
    bool is_wanted() const;
    bool peer_is_whole() const;
    void tell();
    void end_telling();
    void say(Session& session) const;
    Status advance(Session& session, size_t room);
    Status hear(Session& session, const Incoming::Message& message);
    void look_for_other(const Session& session);
    void publish_peer();
    void compare_policies(uint32_t peers);
    const Session* best() const;

    PairParams params_;
    std::unique_ptr<Tls> tls_;
    std::optional<Renewal> renewal_;
    Descriptor listener_;
    SessionPointer candidate_;  // has connected, and has not proven yet that it is the peer
    SessionPointer served_;
    SessionPointer followed_;
    std::unique_ptr<Teller> teller_;
    std::vector<Change> changes_;
    uint32_t joins_ = 0;
    uint64_t told_by_ = 0;  // the instance of the peer that has been followed last
    Clock::time_point connect_at_{};
    std::optional<Clock::time_point> quarrel_;
    uint64_t told_before_ = 0;  // by tellers that have gone
    uint64_t lost_before_ = 0;
    uint64_t resyncs_before_ = 0;
    Complaints complaints_;
    bool lacked_memory_ = false;
    bool was_there_ = false;
    OwnThread thread_;  // the last, for it ends before the rest
};

}  // namespace sluice::sync

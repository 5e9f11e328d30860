// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Taking: hears from other gateways of the cluster what goes by addresses that this one is to have
/// next, and lets the control core put it into the flow table.
///
/// Shape    One of them after the other; who waits is in the kernel's queue. Who has said nothing
///          for six seconds, or has not proven to be one of them within half a second, is left.
///          Who tells copies, of addresses that it goes on to use, is left to the copy keeper.
/// Threads  One of its own, which never makes a worker or the control core wait.
/// Errors   start() says in a sentence why not. What is none of ours ends the connection, and the
///          log says so.

#include "base/descriptor.h"
#include "base/result.h"
#include "cluster/copy_keeper.h"
#include "cluster/inbox.h"
#include "listing/background.h"
#include "net/tuple.h"
#include "sync/channel.h"
#include "sync/mailbox.h"
#include "sync/message.h"
#include "sync/own_thread.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::cluster {

struct TakingParams {
    net::Endpoint listen;
    const sync::Tls& tls;  ///< Outlives it.
    sync::Hello hello;     ///< This gateway's.
    Inbox& inbox;          ///< Likewise.
    /// What goes by these addresses comes now. By its thread, before the control core hears of it.
    std::function<void(const std::vector<Be32>&)> expect;
    std::function<void(const std::string&)> notice;
    listing::Background background{};
    CopyKeeper* keeper = nullptr;  ///< Outlives it. Null: it takes no copies.
};

class Taking {
public:
    static Result<std::unique_ptr<Taking>> start(TakingParams params);
    ~Taking();
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;

private:
    using Clock = std::chrono::steady_clock;

    /// With who tells now.
    struct Session {
        Session(const sync::Tls& tls, Descriptor socket)
            : channel(std::make_unique<sync::Channel>(tls, std::move(socket),
                                                      sync::Channel::End::Server)) {}

        std::unique_ptr<sync::Channel> channel;  // null: the copy keeper has it
        std::unique_lock<std::mutex> telling{};  // from its Begin on
        uint64_t instance = 0;
        Clock::time_point heard = Clock::now();
        uint32_t completed = 0;  // the message that was Complete, or 0
        uint32_t completes = 0;  // and then Inbox::completes
        bool is_answered = false;
    };

    explicit Taking(TakingParams params) : params_(std::move(params)) {}
    Status begin();
    void run();
    void serve(Session& session, const std::string& from);
    void say(const std::string& sentence, const std::string& from);
    Status turn(Session& session);
    Status hear(Session& session, const sync::Incoming::Message& message);
    Status leave_to_keeper(Session& session, const sync::Incoming::Message& message);
    void answer(Session& session);
    bool is_stopped() const { return thread_.is_asked_to_stop(); }

    TakingParams params_;
    Descriptor listener_;
    std::vector<sync::Change> changes_;
    std::map<std::string, std::string> said_;  // by address, what failed the last time
    sync::OwnThread thread_;                   // the last, for it ends before the rest
};

}  // namespace sluice::cluster

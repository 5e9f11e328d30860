// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Agent: speaks with etcd for a gateway of a cluster, and says which addresses that may use.
///
/// Shape    Threads over one Ownership: one asks what that wants to be asked, one is told what
///          changes, and one tells others what goes by addresses that they are to have next. What
///          comes of it is in the Holdings that it is given.
/// Threads  Three of its own, and those of Taking, CopyKeeper and CopyTeller; none makes a worker
///          or the control core wait. view() from any.
/// Errors   start() says in a sentence why not. That etcd is away is none, nor that another gateway
///          has the name: it says so in the log, and goes on asking. Out of memory it begins anew,
///          without an address.

#include "base/clock.h"
#include "base/result.h"
#include "cluster/copy_keeper.h"
#include "cluster/copy_teller.h"
#include "cluster/etcd.h"
#include "cluster/giving.h"
#include "cluster/inbox.h"
#include "cluster/ownership.h"
#include "cluster/taking.h"
#include "flow/flow_table.h"
#include "listing/background.h"
#include "pool/holdings.h"
#include "sync/channel.h"
#include "sync/key.h"
#include "sync/message.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

/// How flows go with the address that they go by.
struct Moving {
    net::Endpoint takes_at;  ///< Of this machine: there others tell it what it is to have.
    sync::Key key;           ///< All gateways have the same.
    sync::Hello hello;       ///< All but the instance.
    flow::FlowTable& table;  ///< Outlives the agent, as does the inbox.
    std::function<Tick()> now;
    std::function<bool(Be32)> is_number;  ///< As Giving has it.
    Inbox& inbox;
    uint8_t copied_status = 0;  ///< Flows that bear this status bit have copies elsewhere.
};

struct AgentParams {
    std::vector<std::string> urls;  ///< Of etcd's servers: http://HOST:PORT; one at least.
    /// Of this gateway, which no other of the cluster has: letters, digits, ".", "_" and "-".
    std::string name;
    std::string prefix = "sluice";                ///< Of the cluster's keys.
    Timing timing = {};                           ///< Of whole seconds, what a lease lives for.
    Inside inside = {};                           ///< Not said: others send it no packets.
    pool::Holdings& holdings;                     ///< Outlives the agent.
    std::optional<Moving> moving = std::nullopt;  ///< Without it flows end when theirs moves.
    std::function<void(const std::string&)> notice = [](const std::string&) {};
    /// Not the idle class: a renewal that waits for a CPU costs this gateway its addresses.
    listing::Background background{.cpus = {}, .idle_class = false};
};

/// What it knows, for people.
struct View {
    struct Address {
        Be32 address;
        std::string owner;  ///< Empty: nobody's.
        bool is_held = false;
        std::string copy_at = {};  ///< Who has copies of all that goes by it, where it is held.
    };
    std::string name;
    Moment left{};  ///< For so long it may use what it holds; not above 0: it may not.
    std::vector<Member> members{};
    std::vector<Address> addresses{};
    bool is_copying = false;      ///< It keeps copies of others' flows, and they of its.
    size_t copies = 0;            ///< Records of others that it keeps,
    uint64_t copies_refused = 0;  ///< and that it had no room for.
};

class Agent {
public:
    static Result<std::unique_ptr<Agent>> start(AgentParams params);
    /// Hands over what it holds, where that takes no longer than kLeaves.
    ~Agent();
    Agent(const Agent&) = delete;

    View view() const;

    static constexpr std::chrono::seconds kLeaves{8};

private:
    explicit Agent(AgentParams params);
    Status begin();
    Status begin_moving();
    Status begin_copying();
    void ask();
    void listen();
    void tell();
    void give(const Move& move);
    void expect(const std::vector<Be32>& addresses);
    void copy(Moment now);
    void be_filled(const std::vector<sync::Owned>& filled);
    void watch(Revision from);
    bool hear(const Told& told);
    template <typename Step>
    bool step(Step step);
    void begin_anew();
    void publish(Moment now);
    void publish_owners();
    std::optional<Be32> reached_at(size_t index) const;
    bool has_other(size_t index) const;
    void say_changes(Moment now);
    void leave();

    AgentParams params_;
    OwnershipParams ownership_params_;
    Etcd asked_;
    Etcd watched_;
    std::unique_ptr<sync::Tls> tls_;  // where flows move, as the next ones
    std::optional<Giving> giving_;
    std::unique_ptr<CopyKeeper> keeper_;
    std::unique_ptr<CopyTeller> copy_teller_;
    std::unique_ptr<Taking> taking_;
    mutable std::mutex mutex_;  // of all that follows but the threads
    std::condition_variable changed_;
    std::optional<Ownership> ownership_;
    std::optional<uint64_t> published_;   // Heard::changes(): owners were said since
    std::vector<Moment> expected_until_;  // by address: what goes by it has begun to come
    std::vector<Be32> gained_;            // and not said yet
    std::vector<Be32> lost_;
    Moment say_at_{};
    Moment copy_at_{};
    bool was_valid_ = false;
    bool has_named_rival_ = false;
    bool leaves_ = false;
    bool is_stopped_ = false;
    sync::OwnThread asking_;
    sync::OwnThread listening_;
    sync::OwnThread telling_;
};

}  // namespace sluice::cluster

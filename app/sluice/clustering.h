// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Clustering: what the daemon does where its gateway shares public addresses with others
/// (--cluster).
///
/// Threads  cluster_report() by the threads of the control socket, refuse_change() by the one that
///          reloads, all else by the daemon's.
/// Errors   One sentence that names the flag.

#include "base/clock.h"
#include "base/result.h"
#include "cluster/agent.h"
#include "cluster/inbox.h"
#include "command/subject.h"
#include "config/config.h"
#include "control/core.h"
#include "gateway/gateway.h"
#include "link/interfaces.h"
#include "pool/holdings.h"
#include "why/answer.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::app {

class Clustering {
public:
    /// Nothing is shared, and nothing done, where the configuration names no cluster.
    explicit Clustering(const config::Config& config);

    /// Null where nothing is shared. They outlive the gateway that goes by them.
    pool::Holdings* holdings() { return holdings_.get(); }

    /// Null where no flows are told. As holdings().
    cluster::Inbox* inbox() { return inbox_.get(); }
    void lend(gateway::Ground& ground) {
        ground.holdings = holdings();
        ground.inbox = inbox();
    }

    struct Ground {
        const config::Config& config;
        gateway::Gateway& gateway;
        std::function<Tick()> now;   ///< Of that.
        std::vector<unsigned> cpus;  ///< For its threads, which begin with on_entry.
        std::function<void()> on_entry;
        std::function<void(const std::string&)> notice;
    };
    /// Asks etcd for addresses from now on, and tells others where the gateway is.
    Status start(const Ground& ground);
    /// Hands over what it holds: while workers run, which look at what that is. Whoever waits for
    /// the control core's thread, which this takes, does not.
    void leave(control::Core& core);

    /// Nothing where nothing is shared.
    std::optional<command::ClusterReport> report() const;

private:
    std::unique_ptr<pool::Holdings> holdings_;
    std::unique_ptr<cluster::Inbox> inbox_;
    std::unique_ptr<cluster::Agent> agent_;
};

/// All gateways of a cluster have the same public addresses, since their start.
Status refuse_change(const config::Config& before, const config::Config& after);

/// Where others of the cluster reach a gateway with these interfaces.
cluster::Inside inside_of(const link::Interfaces& interfaces);

/// With the name of the gateway to which the packet goes, if it does.
why::Answer name_owner(why::Answer answer, const command::ClusterReport& cluster);

/// As people see an agent's view.
command::ClusterReport report_of(const cluster::View& view);

/// With what that knows of the cluster.
command::Subject with_cluster(command::Subject subject, const Clustering& clustering);

}  // namespace sluice::app

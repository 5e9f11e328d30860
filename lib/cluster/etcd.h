// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Etcd: asks one of several servers of etcd by HTTP, or is told by it.
///
/// Shape    One connection at a time. Where a server does not answer as it should, the next request
///          goes to the next one.
/// Threads  ask() and watch() of one thread; stop() of any.
/// Errors   An Answer that is none, or the end of a watch. Out of memory std::bad_alloc.
/// Memory   An answer has every address of the cluster.

#include "cluster/etcd_text.h"
#include "cluster/store.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace httplib {
class Client;
}

namespace sluice::cluster {

class Etcd {
public:
    /// `urls` are one at least, each of http://HOST:PORT.
    Etcd(std::vector<std::string> urls, Speaker speaker);
    ~Etcd();
    Etcd(const Etcd&) = delete;

    Answer ask(const Request& request);
    /// Tells `hear` what changes, from that revision on, until it returns false, the server ends
    /// it, or there is silence.
    void watch(Revision from, const std::function<bool(const Told&)>& hear);
    /// Ends what is under way, and whatever is asked from then on.
    void stop();

    /// The server that is asked now.
    const std::string& url() const { return urls_[which_]; }

private:
    httplib::Client* client();
    void go_on();

    std::vector<std::string> urls_;
    Speaker speaker_;
    size_t which_ = 0;
    std::mutex mutex_;  // of the following
    std::unique_ptr<httplib::Client> client_;
    bool is_stopped_ = false;
};

}  // namespace sluice::cluster

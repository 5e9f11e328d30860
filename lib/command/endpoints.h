// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Endpoints: what each request to the command socket is answered with. docs/control.md lists them.
///
/// Threads  Any, several at once. Lists in progress are counted, so that clients which stop reading
///          theirs leave threads to the others.
/// Errors   A request that cannot be met is answered with its HTTP status and one sentence.

#include "command/subject.h"
#include "listing/flow_list.h"

#include <atomic>
#include <httplib.h>
#include <mutex>

namespace sluice::command {

struct EndpointsParams {
    listing::Background background{};
    unsigned list_threads = 2;  ///< Threads that walk the flow table at once.
    unsigned max_listings = 4;  ///< Lists being sent at once.
};

class Endpoints {
public:
    Endpoints(const Subject& subject, const EndpointsParams& params);

    void answer(const httplib::Request& request, httplib::Response& response);

private:
    struct Question;  // a request's query, read

    void list_flows(const Question& question, httplib::Response& response);
    void count_flows(const Question& question, httplib::Response& response);
    void delete_flows(const Question& question, httplib::Response& response);
    void list_hosts(const Question& question, httplib::Response& response);
    void list_ports(const Question& question, httplib::Response& response);
    void tell_stats(const Question& question, httplib::Response& response);
    void tell_metrics(const Question& question, httplib::Response& response);

    Subject subject_;
    listing::FlowList list_;
    unsigned max_listings_;
    std::atomic<unsigned> listings_{0};
    std::mutex counting_;  // operator_counters has one writer at a time
};

}  // namespace sluice::command

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Endpoints: what each request to the command socket is answered with. docs/control.md lists them.
///
/// Threads  Any, several at once. Long answers on their way are counted, so that clients which stop
///          reading theirs leave threads to the others.
/// Errors   A request that cannot be met is answered with its HTTP status and one sentence.

#include "base/result.h"
#include "command/question.h"
#include "command/recorder.h"
#include "command/sending.h"
#include "command/streams.h"
#include "command/subject.h"
#include "command/tally.h"
#include "listing/flow_list.h"

#include <httplib.h>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::command {

struct EndpointsParams {
    listing::Background background{};
    unsigned list_threads = 2;      ///< Threads that walk the flow table at once.
    unsigned max_listings = 4;      ///< Long answers being sent at once.
    unsigned max_web_listings = 2;  ///< Likewise, to those who come by --http.
    Streams::Most max_streams{};    ///< Being sent at once.
};

class Endpoints {
public:
    /// `subject` and `recorder` outlive it.
    Endpoints(const Subject& subject, const Recorder& recorder, Tally& tally,
              const EndpointsParams& params);

    void answer(const httplib::Request& request, httplib::Response& response, Access access);
    Tally& tally() { return tally_; }

private:
    static void forbid(const Question& question, std::string_view method,
                       httplib::Response& response);
    std::shared_ptr<Sending> begin_sending(const Question& question, httplib::Response& response);
    void answer_at_length(const Question& question, std::string text, const char* type,
                          httplib::Response& response);
    void answer_list(const Question& question, Result<std::string> list,
                     httplib::Response& response);
    void list_flows(const Question& question, httplib::Response& response);
    void count_flows(const Question& question, httplib::Response& response);
    void list_expectations(const Question& question, httplib::Response& response);
    void list_ipv6_hosts(const Question& question, httplib::Response& response);
    void stream_events(const Question& question, httplib::Response& response);
    void stream_live(const Question& question, httplib::Response& response);
    void capture_packets(const Question& question, httplib::Response& response);
    void trace_packets(const Question& question, httplib::Response& response);
    void delete_flows(const Question& question, httplib::Response& response);
    bool may_scan(const Question& question, std::unique_lock<std::mutex>& turn,
                  httplib::Response& response);
    void list_hosts(const Question& question, httplib::Response& response);
    void list_ports(const Question& question, httplib::Response& response);
    void tell_stats(const Question& question, httplib::Response& response);
    void tell_rules(const Question& question, httplib::Response& response);
    void tell_why(const Question& question, httplib::Response& response);
    void tell_who(const Question& question, httplib::Response& response);
    void tell_configuration(const Question& question, httplib::Response& response);
    void tell_role(const Question& question, httplib::Response& response);
    void tell_cluster(const Question& question, httplib::Response& response);
    void change_role(const Question& question, httplib::Response& response);
    void reload(const Question& question, httplib::Response& response);
    void tell_history(const Question& question, httplib::Response& response);
    void show_page(const Question& question, httplib::Response& response);
    void tell_health(const Question& question, httplib::Response& response);
    void tell_metrics(const Question& question, httplib::Response& response);

    const Subject& subject_;
    const Recorder& recorder_;
    Tally& tally_;
    listing::FlowList list_;
    Streams streams_;
    Quota listings_;
    Quota web_listings_;
    std::mutex web_scan_;
    std::mutex web_history_;
};

}  // namespace sluice::command

// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Endpoints: what each request to the command socket is answered with. docs/control.md lists them.
///
/// Threads  Any, several at once. Long answers on their way are counted, so that clients which stop
///          reading theirs leave threads to the others.
/// Errors   A request that cannot be met is answered with its HTTP status and one sentence.

#include "base/result.h"
#include "command/subject.h"
#include "listing/event_stream.h"
#include "listing/flow_list.h"
#include "listing/packet_stream.h"

#include <atomic>
#include <httplib.h>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::command {

struct EndpointsParams {
    listing::Background background{};
    unsigned list_threads = 2;  ///< Threads that walk the flow table at once.
    unsigned max_listings = 4;  ///< Long answers being sent at once.
    unsigned max_streams = 2;   ///< Streams of events being sent at once.
};

/// What a client may do.
enum class Access {
    All,
    Read,  ///< Ask, and change nothing.
};

class Endpoints {
public:
    Endpoints(const Subject& subject, const EndpointsParams& params);

    void answer(const httplib::Request& request, httplib::Response& response, Access access);

private:
    struct Question;  // a request's query, read

    /// One of the long answers that are being sent, for as long as it lives.
    class Sending {
    public:
        explicit Sending(std::atomic<unsigned>& count) : count_(count), rank_(++count) {}
        Sending(const Sending&) = delete;
        ~Sending() { --count_; }
        unsigned rank() const { return rank_; }  ///< How many there were when it began.

    private:
        std::atomic<unsigned>& count_;
        unsigned rank_;
    };

    std::shared_ptr<Sending> begin_sending(const Question& question, httplib::Response& response);
    void answer_at_length(const Question& question, std::string text, const char* type,
                          httplib::Response& response);
    void answer_list(const Question& question, Result<std::string> list,
                     httplib::Response& response);
    void list_flows(const Question& question, httplib::Response& response);
    void count_flows(const Question& question, httplib::Response& response);
    std::shared_ptr<Sending> begin_stream();
    void stream_events(const Question& question, httplib::Response& response);
    bool send_events(listing::EventStream& stream, httplib::DataSink& sink);
    void capture_packets(const Question& question, httplib::Response& response);
    void trace_packets(const Question& question, httplib::Response& response);
    void stream_packets(const Question& question, const listing::PacketStreamParams& asked,
                        httplib::Response& response);
    void delete_flows(const Question& question, httplib::Response& response);
    void list_hosts(const Question& question, httplib::Response& response);
    void list_ports(const Question& question, httplib::Response& response);
    void tell_stats(const Question& question, httplib::Response& response);
    void tell_rules(const Question& question, httplib::Response& response);
    void tell_why(const Question& question, httplib::Response& response);
    void tell_who(const Question& question, httplib::Response& response);
    void tell_configuration(const Question& question, httplib::Response& response);
    void reload(const Question& question, httplib::Response& response);
    void tell_metrics(const Question& question, httplib::Response& response);

    Subject subject_;
    listing::FlowList list_;
    unsigned max_listings_;
    unsigned max_streams_;
    std::atomic<unsigned> listings_{0};
    std::atomic<unsigned> streams_{0};
    std::mutex counting_;  // operator_counters has one writer at a time
};

}  // namespace sluice::command

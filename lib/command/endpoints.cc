// SPDX-License-Identifier: BSD-3-Clause
#include "command/endpoints.h"

#include "command/metrics.h"
#include "command/packet_query.h"
#include "command/rules_text.h"
#include "command/stats_text.h"
#include "command/top_lists.h"
#include "command/who_list.h"
#include "command/why_json.h"
#include "why/answer_text.h"
#include "why/packet_words.h"

#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <thread>

namespace sluice::command {
namespace {

using listing::FlowFilter;
using listing::FlowList;
using listing::Format;
using listing::Query;

constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kPcapng = "application/x-pcapng";
constexpr size_t kAtOnce = 65536;  // bytes that a socket takes though nobody reads them

enum HttpStatus : int {
    kOk = 200,
    kBadRequest = 400,
    kForbidden = 403,
    kNotFound = 404,
    kMethodNotAllowed = 405,
    kConflict = 409,
    kUnavailable = 503,
};

const char* content_type(Format format) {
    return format == Format::Text ? kText : kJson;
}

void refuse(httplib::Response& response, Format format, int status, const std::string& sentence) {
    response.status = status;
    if (format == Format::Json)
        response.set_content(nlohmann::json{{"error", sentence}}.dump(
                                 -1, ' ', false, nlohmann::json::error_handler_t::replace) +
                                 "\n",
                             kJson);
    else
        response.set_content(sentence + "\n", kText);
}

/// Takes a word out of the query; nothing when it is not there.
std::optional<std::string> take(Query& query, const std::string& name) {
    const auto found = query.find(name);
    if (found == query.end())
        return std::nullopt;
    std::string value = found->second;
    query.erase(found);
    return value;
}

/// ?format= decides, then the Accept header; text when neither says anything.
Result<Format> take_format(Query& query, const httplib::Request& request) {
    const auto format = take(query, "format");
    if (!format)
        return request.get_header_value("Accept").find(kJson) == std::string::npos ? Format::Text
                                                                                   : Format::Json;
    if (*format != "text" && *format != "json")
        return Error{"format=" + *format + " is neither text nor json."};
    return *format == "text" ? Format::Text : Format::Json;
}

/// all=1, where a request must say that it means everything.
Result<bool> take_all(Query& query) {
    const auto all = take(query, "all");
    if (all && *all != "1")
        return Error{"all=" + *all + " is not all=1."};
    return all.has_value();
}

/// How often a stream looks for events when there were none: workers wake nobody.
constexpr std::chrono::milliseconds kNextLook{10};
constexpr int kLooksForRoom = 50;

}  // namespace

struct Endpoints::Question {
    listing::Query query;  ///< Without format.
    listing::Format format = listing::Format::Text;
};

Endpoints::Endpoints(const Subject& subject, const EndpointsParams& params)
    : subject_(subject),
      list_(subject_.flows, params.background, params.list_threads),
      max_listings_(params.max_listings),
      max_streams_(params.max_streams) {}

/// Null, and the client is told so, when there are too many already.
std::shared_ptr<Endpoints::Sending> Endpoints::begin_sending(const Question& question,
                                                             httplib::Response& response) {
    auto sending = std::make_shared<Sending>(listings_);
    if (sending->rank() <= max_listings_)
        return sending;
    refuse(response, question.format, kUnavailable,
           std::to_string(max_listings_) +
               " lists are being sent already; try again when one has ended.");
    return nullptr;
}

void Endpoints::answer_at_length(const Question& question, std::string text, const char* type,
                                 httplib::Response& response) {
    response.status = kOk;
    if (text.size() <= kAtOnce)
        return response.set_content(text, type);
    auto sending = begin_sending(question, response);
    if (sending == nullptr)
        return;
    const auto shared = std::make_shared<const std::string>(std::move(text));
    response.set_content_provider(
        shared->size(), type,
        [shared, sending](size_t offset, size_t length, httplib::DataSink& sink) {
            return sink.write(shared->data() + offset, length);
        });
}

void Endpoints::answer_list(const Question& question, Result<std::string> list,
                            httplib::Response& response) {
    if (!list)
        return refuse(response, question.format, kBadRequest, list.error().message);
    answer_at_length(question, std::move(*list), content_type(question.format), response);
}

void Endpoints::answer(const httplib::Request& request, httplib::Response& response,
                       Access access) {
    struct Route {
        std::string_view path;
        std::string_view method;
        void (Endpoints::*answer)(const Question&, httplib::Response&);
        Access access = Access::Read;
    };
    static constexpr Route kRoutes[] = {
        {"/v1/flows", "GET", &Endpoints::list_flows},
        {"/v1/flows", "DELETE", &Endpoints::delete_flows, Access::All},
        {"/v1/flows/count", "GET", &Endpoints::count_flows},
        {"/v1/events", "GET", &Endpoints::stream_events},
        {"/v1/capture", "GET", &Endpoints::capture_packets, Access::All},
        {"/v1/trace", "GET", &Endpoints::trace_packets, Access::All},
        {"/v1/hosts", "GET", &Endpoints::list_hosts},
        {"/v1/ports", "GET", &Endpoints::list_ports},
        {"/v1/stats", "GET", &Endpoints::tell_stats},
        {"/v1/rules", "GET", &Endpoints::tell_rules},
        {"/v1/why", "GET", &Endpoints::tell_why},
        {"/v1/who", "GET", &Endpoints::tell_who},
        {"/v1/config", "GET", &Endpoints::tell_configuration},
        {"/v1/reload", "POST", &Endpoints::reload, Access::All},
        {"/metrics", "GET", &Endpoints::tell_metrics},
    };

    Question question{Query(request.params.begin(), request.params.end()), Format::Text};
    const auto format = take_format(question.query, request);
    if (!format)
        return refuse(response, Format::Text, kBadRequest, format.error().message);
    question.format = *format;

    std::string methods;
    for (const Route& route : kRoutes) {
        if (route.path != request.path)
            continue;
        if (route.method == request.method && route.access == Access::All && access != Access::All)
            return refuse(response, question.format, kForbidden,
                          route.method == "GET"
                              ? "Only the owner of the control socket may see packets."
                              : "Only the owner of the control socket may change anything.");
        if (route.method == request.method)
            return (this->*route.answer)(question, response);
        methods += (methods.empty() ? "" : ", ") + std::string(route.method);
    }
    if (methods.empty())
        return refuse(response, question.format, kNotFound,
                      "There is nothing at this path; there are /v1/flows, /v1/flows/count, "
                      "/v1/events, /v1/capture, /v1/trace, /v1/hosts, /v1/ports, /v1/stats, "
                      "/v1/rules, /v1/why, /v1/who, /v1/config, /v1/reload and /metrics.");
    response.set_header("Allow", methods);
    refuse(response, question.format, kMethodNotAllowed, "This path knows " + methods + " only.");
}

void Endpoints::list_flows(const Question& question, httplib::Response& response) {
    const auto filter = FlowFilter::parse(question.query);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);

    struct List {
        std::shared_ptr<Sending> sending;
        FlowList::Listing listing;
        std::string piece = {};
    };
    auto sending = begin_sending(question, response);
    if (sending == nullptr)
        return;
    const auto list = std::make_shared<List>(
        List{std::move(sending), FlowList::Listing(list_, *filter, question.format)});
    response.status = kOk;
    response.set_chunked_content_provider(
        content_type(question.format), [this, list](size_t, httplib::DataSink& sink) {
            try {
                if (list->listing.next(list->piece, subject_.now()))
                    return sink.write(list->piece.data(), list->piece.size());
                sink.done();
                return true;
            } catch (...) {  // out of memory: the client sees that the list is cut short
                return false;
            }
        });
}

/// Nothing when there is no room. A stream whose reader has gone ends at its own next look only, so
/// whoever stops one `events` and starts another waits for that.
std::shared_ptr<Endpoints::Sending> Endpoints::begin_stream() {
    for (int look = 0; look < kLooksForRoom; ++look) {
        if (auto sending = std::make_shared<Sending>(streams_); sending->rank() <= max_streams_)
            return sending;
        std::this_thread::sleep_for(kNextLook);
    }
    return nullptr;
}

void Endpoints::stream_events(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto timestamps = take(query, "timestamps");
    if (timestamps && *timestamps != "1")
        return refuse(response, question.format, kBadRequest,
                      "timestamps=" + *timestamps + " is not timestamps=1.");
    const auto filter = FlowFilter::parse(query);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);
    const auto sending = begin_stream();
    if (sending == nullptr)
        return refuse(response, question.format, kUnavailable,
                      std::to_string(max_streams_) +
                          " streams of events are being sent already; try again when one has "
                          "ended.");

    const auto stream = std::make_shared<listing::EventStream>(
        subject_.flows.journal(),
        listing::EventStreamParams{*filter, question.format, timestamps.has_value()});
    response.status = kOk;
    response.set_chunked_content_provider(
        content_type(question.format), [this, sending, stream](size_t, httplib::DataSink& sink) {
            try {
                return send_events(*stream, sink);
            } catch (...) {  // out of memory: the client sees that the stream ends
                return false;
            }
        });
}

/// What has happened since the last time; false when the client has gone.
bool Endpoints::send_events(listing::EventStream& stream, httplib::DataSink& sink) {
    std::string piece;
    if (const uint64_t lost = stream.next(piece); lost != 0) {
        const std::lock_guard lock(counting_);
        subject_.operator_counters.count[stats::Count::EventsLost].add(lost);
    }
    if (!piece.empty())
        return sink.write(piece.data(), piece.size());
    std::this_thread::sleep_for(kNextLook);
    return sink.is_writable();
}

void Endpoints::capture_packets(const Question& question, httplib::Response& response) {
    const auto params =
        read_packet_query(question.query, listing::PacketStreamParams::Form::Pcapng);
    if (!params)
        return refuse(response, question.format, kBadRequest, params.error().message);
    stream_packets(question, *params, response);
}

void Endpoints::trace_packets(const Question& question, httplib::Response& response) {
    const auto params = read_packet_query(question.query, listing::PacketStreamParams::Form::Text);
    if (!params)
        return refuse(response, question.format, kBadRequest, params.error().message);
    stream_packets(question, *params, response);
}

void Endpoints::stream_packets(const Question& question, const listing::PacketStreamParams& asked,
                               httplib::Response& response) {
    auto reader = subject_.watches.open(asked.wish);
    // A reader that has gone makes room at its stream's own next look only, and when workers turn.
    for (int look = 0; !reader && look < kLooksForRoom; ++look) {
        std::this_thread::sleep_for(kNextLook);
        reader = subject_.watches.open(asked.wish);
    }
    if (!reader)
        return refuse(response, question.format, kUnavailable, reader.error().message);
    listing::PacketStreamParams params = asked;
    params.interfaces = subject_.interfaces();
    params.workers = static_cast<unsigned>(subject_.workers.size());
    params.application = "sluice " + subject_.version;
    const auto stream =
        std::make_shared<listing::PacketStream>(std::move(*reader), std::move(params));
    response.status = kOk;
    response.set_chunked_content_provider(
        asked.form == listing::PacketStreamParams::Form::Pcapng ? kPcapng : kText,
        [stream](size_t, httplib::DataSink& sink) {
            try {
                std::string piece;
                const bool goes_on = stream->next(piece);
                if (!piece.empty() && !sink.write(piece.data(), piece.size()))
                    return false;
                if (!goes_on)
                    sink.done();
                else if (piece.empty())
                    std::this_thread::sleep_for(kNextLook);
                return sink.is_writable();
            } catch (...) {  // out of memory: the client sees that the stream is cut short
                return false;
            }
        });
}

void Endpoints::count_flows(const Question& question, httplib::Response& response) {
    const auto filter = FlowFilter::parse(question.query);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);
    const uint64_t count = list_.count(*filter, subject_.now());
    response.status = kOk;
    response.set_content(question.format == Format::Text
                             ? std::to_string(count) + "\n"
                             : nlohmann::json{{"count", count}}.dump() + "\n",
                         content_type(question.format));
}

void Endpoints::delete_flows(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto all = take_all(query);
    if (!all)
        return refuse(response, question.format, kBadRequest, all.error().message);
    auto filter = FlowFilter::parse(query);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);
    if (filter->is_empty() && !*all)
        return refuse(response, question.format, kBadRequest,
                      "To delete every flow say all=1; to delete some give a filter.");
    if (!filter->is_empty() && *all)
        return refuse(response, question.format, kBadRequest,
                      "all=1 does not go with a filter: say the one or the other.");

    const uint64_t deleted = list_.kill(*filter, subject_.now());
    {
        const std::lock_guard lock(counting_);
        subject_.operator_counters.count[stats::Count::FlowsDeleted].add(deleted);
    }
    response.status = kOk;
    response.set_content(question.format == Format::Text
                             ? std::to_string(deleted) + "\n"
                             : nlohmann::json{{"deleted", deleted}}.dump() + "\n",
                         content_type(question.format));
}

void Endpoints::list_hosts(const Question& question, httplib::Response& response) {
    answer_list(question, hosts_list(subject_, question.query, question.format), response);
}

void Endpoints::list_ports(const Question& question, httplib::Response& response) {
    answer_list(question, ports_list(subject_, question.query, question.format), response);
}

void Endpoints::tell_stats(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto all = take_all(query);
    if (!all)
        return refuse(response, question.format, kBadRequest, all.error().message);
    if (!query.empty())
        return refuse(response, question.format, kBadRequest,
                      "/v1/stats takes all=1 and format only.");
    const DropRows rows = *all ? DropRows::All : DropRows::NonZero;
    answer_at_length(
        question,
        question.format == Format::Text ? stats_table(subject_, rows) : stats_json(subject_),
        content_type(question.format), response);
}

void Endpoints::tell_rules(const Question& question, httplib::Response& response) {
    if (!question.query.empty())
        return refuse(response, question.format, kBadRequest, "/v1/rules takes format only.");
    answer_at_length(question,
                     question.format == Format::Text ? rules_table(subject_) : rules_json(subject_),
                     content_type(question.format), response);
}

void Endpoints::tell_why(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto line = take(query, "line");
    if (line && *line != "1")
        return refuse(response, question.format, kBadRequest, "line=" + *line + " is not line=1.");
    const auto interfaces = subject_.interfaces();
    const auto asked = why::read_question(query, interfaces);
    if (!asked)
        return refuse(response, question.format, kBadRequest, asked.error().message);
    const why::Answer answer = subject_.why(*asked);
    const why::AnswerWords words{interfaces, static_cast<unsigned>(subject_.workers.size())};
    response.status = kOk;
    response.set_content(question.format == Format::Json ? why_json(answer, words)
                         : line                          ? why::answer_line(answer, words)
                                                         : why::answer_text(answer, words),
                         content_type(question.format));
}

void Endpoints::tell_who(const Question& question, httplib::Response& response) {
    auto asked = read_who_query(question.query);
    if (!asked)
        return refuse(response, question.format, kBadRequest, asked.error().message);
    const listing::PublicEndpoint& endpoint = asked->endpoint;
    auto holds =
        listing::holds_of(endpoint, subject_.given(endpoint), subject_.flows, subject_.now());
    const std::time_t now = std::time(nullptr);
    if (asked->at)
        keep_since(holds, *asked->at, now);
    if (holds.empty())
        return refuse(response, question.format, kNotFound,
                      "No inside host has " + listing::to_string(endpoint) +
                          (asked->at ? " now that had it then." : " now."));
    answer_at_length(question,
                     question.format == Format::Text ? who_table(endpoint, holds, now)
                                                     : who_json(endpoint, holds, now),
                     content_type(question.format), response);
}

void Endpoints::tell_configuration(const Question& question, httplib::Response& response) {
    if (!question.query.empty())
        return refuse(response, question.format, kBadRequest, "/v1/config takes format only.");
    const std::string lines = subject_.configuration();
    response.status = kOk;
    response.set_content(question.format == Format::Text
                             ? lines
                             : nlohmann::json{{"configuration", lines}}.dump() + "\n",
                         content_type(question.format));
}

void Endpoints::reload(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto dry_run = take(query, "dry_run");
    if ((dry_run && *dry_run != "1") || !query.empty())
        return refuse(response, question.format, kBadRequest,
                      "/v1/reload takes dry_run=1 and format only.");
    const Result<std::string> report = subject_.reload(dry_run.has_value());
    if (!report)
        return refuse(response, question.format, kConflict, report.error().message);
    response.status = kOk;
    response.set_content(question.format == Format::Text
                             ? *report
                             : nlohmann::json{{"report", *report}}.dump() + "\n",
                         content_type(question.format));
}

void Endpoints::tell_metrics(const Question& question, httplib::Response& response) {
    answer_at_length(question, metrics_text(subject_), kMetricsContentType, response);
}

}  // namespace sluice::command

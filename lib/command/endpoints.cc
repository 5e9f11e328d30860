// SPDX-License-Identifier: BSD-3-Clause
#include "command/endpoints.h"

#include "command/cluster_text.h"
#include "command/health.h"
#include "command/ipv6_hosts.h"
#include "command/metrics.h"
#include "command/openmetrics.h"
#include "command/page.h"
#include "command/role_text.h"
#include "command/rules_text.h"
#include "command/stats_text.h"
#include "command/top_lists.h"
#include "command/who_list.h"
#include "command/why_json.h"
#include "listing/expectation_list.h"
#include "why/answer_text.h"
#include "why/packet_words.h"

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

namespace sluice::command {
namespace {

using listing::FlowFilter;
using listing::FlowList;
using listing::Format;
using listing::Query;

constexpr size_t kAtOnce = 65536;  // bytes that a socket takes though nobody reads them

/// all=1, where a request must say that it means everything.
Result<bool> take_all(Query& query) {
    const auto all = take(query, "all");
    if (all && *all != "1")
        return Error{"all=" + *all + " is not all=1."};
    return all.has_value();
}

/// How one is told, and what is said where there is none.
template <typename Report>
struct Telling {
    std::string (*text)(const Report&);
    std::string (*json)(const Report&);
    const char* none;
};

template <typename Report>
void tell_report(const std::optional<Report>& report,
                 const Telling<std::type_identity_t<Report>>& telling, const Question& question,
                 httplib::Response& response) {
    if (!report)
        return refuse(response, question.format, kConflict, telling.none);
    response.status = kOk;
    response.set_content(
        question.format == Format::Text ? telling.text(*report) : telling.json(*report) + "\n",
        content_type(question.format));
}

}  // namespace

Endpoints::Endpoints(const Subject& subject, const Recorder& recorder, Tally& tally,
                     const EndpointsParams& params)
    : subject_(subject),
      recorder_(recorder),
      tally_(tally),
      list_(subject_.flows, params.background, params.list_threads),
      streams_(subject_, tally_, params.max_streams),
      listings_(params.max_listings),
      web_listings_(params.max_web_listings) {}

/// Null, and the client is told so, when there are too many already.
std::shared_ptr<Sending> Endpoints::begin_sending(const Question& question,
                                                  httplib::Response& response) {
    Quota& quota = question.access == Access::Web ? web_listings_ : listings_;
    auto sending = Sending::begin(quota);
    if (sending == nullptr)
        refuse(response, question.format, kUnavailable,
               std::to_string(quota.most()) +
                   " lists are being sent already; try again when one has ended.");
    return sending;
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
        Access access = Access::Read;  // that it needs
    };
    static constexpr Route kRoutes[] = {
        {"/v1/flows", "GET", &Endpoints::list_flows},
        {"/v1/flows", "DELETE", &Endpoints::delete_flows, Access::All},
        {"/v1/flows/count", "GET", &Endpoints::count_flows},
        {"/v1/expectations", "GET", &Endpoints::list_expectations},
        {"/v1/ipv6-hosts", "GET", &Endpoints::list_ipv6_hosts},
        {"/v1/events", "GET", &Endpoints::stream_events},
        {"/v1/capture", "GET", &Endpoints::capture_packets, Access::All},
        {"/v1/trace", "GET", &Endpoints::trace_packets, Access::All},
        {"/v1/hosts", "GET", &Endpoints::list_hosts, Access::Web},
        {"/v1/ports", "GET", &Endpoints::list_ports, Access::Web},
        {"/v1/stats", "GET", &Endpoints::tell_stats, Access::Web},
        {"/v1/rules", "GET", &Endpoints::tell_rules},
        {"/v1/why", "GET", &Endpoints::tell_why, Access::Web},
        {"/v1/who", "GET", &Endpoints::tell_who},
        {"/v1/config", "GET", &Endpoints::tell_configuration},
        {"/v1/reload", "POST", &Endpoints::reload, Access::All},
        {"/v1/role", "GET", &Endpoints::tell_role},
        {"/v1/role", "POST", &Endpoints::change_role, Access::All},
        {"/v1/cluster", "GET", &Endpoints::tell_cluster},
        {"/v1/history", "GET", &Endpoints::tell_history, Access::Web},
        {"/v1/live", "GET", &Endpoints::stream_live, Access::Web},
        {"/healthz", "GET", &Endpoints::tell_health, Access::Web},
        {"/metrics", "GET", &Endpoints::tell_metrics, Access::Web},
        {"/", "GET", &Endpoints::show_page, Access::Web},
    };

    const Result<Question> read = read_question(request, access);
    if (!read)
        return refuse(response, Format::Text, kBadRequest, read.error().message);
    Question question = *read;
    question.accept = request.get_header_value("Accept");
    std::string_view method = request.method;
    if (method == "HEAD")
        method = "GET";
    std::string methods;
    for (const Route& route : kRoutes) {
        if (route.path != request.path)
            continue;
        if (route.method == method)
            return access < route.access ? forbid(question, method, response)
                                         : (this->*route.answer)(question, response);
        methods += (methods.empty() ? "" : ", ") + std::string(route.method);
    }
    if (methods.empty())
        return refuse(
            response, question.format, kNotFound,
            "There is nothing at this path; there are /v1/flows, /v1/flows/count, "
            "/v1/expectations, /v1/events, /v1/capture, /v1/trace, /v1/hosts, /v1/ports, "
            "/v1/stats, /v1/ipv6-hosts, /v1/rules, /v1/why, /v1/who, /v1/config, /v1/reload, "
            "/v1/role, /v1/cluster, /v1/history, /v1/live, /healthz, /metrics and a page at /.");
    response.set_header("Allow", methods);
    refuse(response, question.format, kMethodNotAllowed, "This path knows " + methods + " only.");
}

void Endpoints::forbid(const Question& question, std::string_view method,
                       httplib::Response& response) {
    refuse(response, question.format, kForbidden,
           question.access == Access::Web ? "This is answered at the control socket alone."
           : method == "GET"              ? "Only the owner of the control socket may see packets."
                             : "Only the owner of the control socket may change anything.");
}

void Endpoints::list_flows(const Question& question, httplib::Response& response) {
    const auto filter = FlowFilter::parse(question.query, subject_.naming);
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
            bool has_more = false;
            if (!tally_.if_memory_allows(
                    [&] { has_more = list->listing.next(list->piece, subject_.now()); }))
                return false;  // the client sees that the list is cut short
            if (has_more)
                return sink.write(list->piece.data(), list->piece.size());
            sink.done();
            return true;
        });
}

void Endpoints::stream_events(const Question& question, httplib::Response& response) {
    streams_.events(question, response);
}

void Endpoints::stream_live(const Question& question, httplib::Response& response) {
    streams_.live(question, response);
}

void Endpoints::capture_packets(const Question& question, httplib::Response& response) {
    streams_.capture(question, response);
}

void Endpoints::trace_packets(const Question& question, httplib::Response& response) {
    streams_.trace(question, response);
}

void Endpoints::count_flows(const Question& question, httplib::Response& response) {
    const auto filter = FlowFilter::parse(question.query, subject_.naming);
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
    auto filter = FlowFilter::parse(query, subject_.naming);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);
    if (filter->is_empty() && !*all)
        return refuse(response, question.format, kBadRequest,
                      "To delete every flow say all=1; to delete some give a filter.");
    if (!filter->is_empty() && *all)
        return refuse(response, question.format, kBadRequest,
                      "all=1 does not go with a filter: say the one or the other.");

    const uint64_t flows = list_.kill(*filter, subject_.now());
    const uint64_t expectations =
        *all ? list_.kill(*filter, subject_.now(), flow::Kind::Expectation) : 0;
    // Contacts hang on mappings, and flows on both: what flows still hang on stays.
    const uint64_t holders = list_.kill(*filter, subject_.now(), flow::Kind::Contact) +
                             list_.kill(*filter, subject_.now(), flow::Kind::Mapping);
    const uint64_t deleted = flows + expectations + holders;
    tally_.add(stats::Count::FlowsDeleted, flows);
    tally_.add(stats::Count::HoldersExpired, holders);
    tally_.add(stats::Count::ExpectationsExpired, expectations);
    response.status = kOk;
    response.set_content(question.format == Format::Text
                             ? std::to_string(deleted) + "\n"
                             : nlohmann::json{{"deleted", deleted}}.dump() + "\n",
                         content_type(question.format));
}

/// To scan a table takes time and memory: those who come by --http have one scan at a time.
bool Endpoints::may_scan(const Question& question, std::unique_lock<std::mutex>& turn,
                         httplib::Response& response) {
    if (question.access != Access::Web || (turn = std::unique_lock(web_scan_, std::try_to_lock)))
        return true;
    refuse(response, question.format, kUnavailable,
           "Another list is being made; try again in a second.");
    return false;
}

void Endpoints::list_hosts(const Question& question, httplib::Response& response) {
    if (std::unique_lock<std::mutex> turn; may_scan(question, turn, response))
        answer_list(question, hosts_list(subject_, question.query, question.format), response);
}

void Endpoints::list_ports(const Question& question, httplib::Response& response) {
    if (std::unique_lock<std::mutex> turn; may_scan(question, turn, response))
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
    const auto asked = why::read_question(query, interfaces, subject_.naming);
    if (!asked)
        return refuse(response, question.format, kBadRequest, asked.error().message);
    const why::Answer answer = subject_.why(*asked);
    const why::AnswerWords words{interfaces, static_cast<unsigned>(subject_.workers.size()),
                                 subject_.naming.now()};
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
    const WhoWords words{std::time(nullptr), subject_.naming.now()};  // before the walk
    auto holds =
        listing::holds_of(endpoint, subject_.given(endpoint), subject_.flows, subject_.now());
    if (asked->at)
        keep_since(holds, *asked->at, words.now);
    if (holds.empty())
        return refuse(response, question.format, kNotFound,
                      "No inside host has " + listing::to_string(endpoint) +
                          (asked->at ? " now that had it then." : " now."));
    answer_at_length(question,
                     question.format == Format::Text ? who_table(endpoint, holds, words)
                                                     : who_json(endpoint, holds, words),
                     content_type(question.format), response);
}

void Endpoints::list_expectations(const Question& question, httplib::Response& response) {
    if (!question.query.empty())
        return refuse(response, question.format, kBadRequest,
                      "/v1/expectations takes format only.");
    const nat64::Naming naming = subject_.naming.now();  // before the walk
    const auto entries = listing::expectations(subject_.flows, subject_.now());
    answer_at_length(question,
                     question.format == Format::Text ? listing::expectations_text(entries, naming)
                                                     : listing::expectations_json(entries, naming),
                     content_type(question.format), response);
}

void Endpoints::list_ipv6_hosts(const Question& question, httplib::Response& response) {
    if (!question.query.empty())
        return refuse(response, question.format, kBadRequest, "/v1/ipv6-hosts takes format only.");
    const std::vector<Ipv6Host> hosts = subject_.ipv6_hosts();
    answer_at_length(
        question, question.format == Format::Text ? ipv6_hosts_text(hosts) : ipv6_hosts_json(hosts),
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

void Endpoints::tell_role(const Question& question, httplib::Response& response) {
    tell_report(subject_.pair(), {role_text, role_json, "This gateway is not one of two (--sync)."},
                question, response);
}

void Endpoints::change_role(const Question& question, httplib::Response& response) {
    Query query = question.query;
    const auto role = take(query, "role");
    if (!role || (*role != "active" && *role != "standby") || !query.empty())
        return refuse(response, question.format, kBadRequest,
                      "/v1/role takes role=active or role=standby, and format only.");
    if (const Status status = subject_.set_active(*role == "active"); !status)
        return refuse(response, question.format, kConflict, status.error().message);
    tell_role(question, response);
}

void Endpoints::tell_cluster(const Question& question, httplib::Response& response) {
    tell_report(subject_.cluster(),
                {cluster_text, cluster_json, "This gateway is of no cluster (--cluster)."},
                question, response);
}

void Endpoints::tell_history(const Question& question, httplib::Response& response) {
    // A day in steps of ten seconds takes 30 MB while it is made: one at a time, who waits gets it.
    std::unique_lock<std::mutex> turn;
    if (question.access == Access::Web)
        turn = std::unique_lock(web_history_);
    answer_list(question, recorder_.answer(question.query, question.format, std::time(nullptr)),
                response);
}

void Endpoints::show_page(const Question&, httplib::Response& response) {
    response.status = kOk;
    response.set_header("Content-Security-Policy", std::string(kPagePolicy));
    response.set_content(std::string(kPage), "text/html; charset=utf-8");
}

void Endpoints::tell_health(const Question& question, httplib::Response& response) {
    const Health health = Health::of(subject_);
    response.status = health.troubles.empty() ? kOk : kUnavailable;
    response.set_content(
        question.format == Format::Text ? health_text(health) : health_json(health) + "\n",
        content_type(question.format));
}

void Endpoints::tell_metrics(const Question& question, httplib::Response& response) {
    if (prefers_openmetrics(question.accept))
        answer_at_length(question, to_openmetrics(metrics_text(subject_)), kOpenMetricsContentType,
                         response);
    else
        answer_at_length(question, metrics_text(subject_), kMetricsContentType, response);
}

}  // namespace sluice::command

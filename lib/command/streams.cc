// SPDX-License-Identifier: BSD-3-Clause
#include "command/streams.h"

#include "command/packet_query.h"
#include "command/passings.h"
#include "listing/background.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace sluice::command {
namespace {

using listing::FlowFilter;
using listing::Query;

constexpr const char* kPcapng = "application/x-pcapng";
/// How often a stream looks for events when there were none: workers wake nobody.
constexpr std::chrono::milliseconds kNextLook{10};
constexpr int kLooksForRoom = 50;

void rest() {
    const listing::AtRest rest;
    std::this_thread::sleep_for(kNextLook);
}

}  // namespace

/// What one client is told: of flows, and, where it asks for all, what has become nearly full.
struct Streams::Events {
    uint64_t passing;  // the last that it has been told
    listing::EventStream flows;
    listing::EventStreamParams params;
};

/// Nothing when there is no room. A stream whose reader has gone ends at its own next look only, so
/// whoever stops one `events` and starts another waits for that.
std::shared_ptr<Sending> Streams::begin(Quota& quota) {
    for (int look = 0; look < kLooksForRoom; ++look) {
        if (auto sending = Sending::begin(quota))
            return sending;
        rest();
    }
    return nullptr;
}

void Streams::events(const Question& question, httplib::Response& response) {
    Query query = question.query;
    bool shown[3] = {};
    for (size_t i = 0; const char* const word : {"timestamps", "extended", "id"}) {
        const auto value = take(query, word);
        if (value && *value != "1")
            return refuse(response, question.format, kBadRequest,
                          std::string(word) + "=" + *value + " is not " + word + "=1.");
        shown[i++] = value.has_value();
    }
    const auto filter = FlowFilter::parse(query, subject_.naming);
    if (!filter)
        return refuse(response, question.format, kBadRequest, filter.error().message);
    const auto sending = begin(events_);
    if (sending == nullptr)
        return refuse(response, question.format, kUnavailable,
                      std::to_string(events_.most()) +
                          " streams of events are being sent already; try again when one has "
                          "ended.");

    const listing::EventStreamParams params{
        *filter, question.format, shown[0], {.extended = shown[1], .id = shown[2]}};
    const std::shared_ptr<Events> stream(
        new Events{subject_.last_passing(), {subject_.flows.journal(), params}, params});
    response.status = kOk;
    response.set_chunked_content_provider(
        content_type(question.format), [this, sending, stream](size_t, httplib::DataSink& sink) {
            return go_on([&] { return send_events(*stream, sink); });
        });
}

/// What has happened since the last time; false when the client has gone.
bool Streams::send_events(Events& events, httplib::DataSink& sink) {
    std::string piece;
    if (const uint64_t lost = events.flows.next(piece); lost != 0)
        tally_.add(stats::Count::EventsLost, lost);
    if (events.params.filter.is_empty())
        for (const Passing& passing : subject_.passings(events.passing)) {
            events.passing = passing.number;
            if (events.params.format == listing::Format::Json)
                append_json_passing(piece, passing);
            else
                append_passing(piece, passing, events.params.timestamps);
        }
    if (!piece.empty())
        return sink.write(piece.data(), piece.size());
    rest();
    return sink.is_writable();
}

void Streams::capture(const Question& question, httplib::Response& response) {
    const auto params = read_packet_query(question.query, listing::PacketStreamParams::Form::Pcapng,
                                          subject_.naming, subject_.interfaces());
    if (!params)
        return refuse(response, question.format, kBadRequest, params.error().message);
    packets(question, *params, response);
}

void Streams::trace(const Question& question, httplib::Response& response) {
    const auto params = read_packet_query(question.query, listing::PacketStreamParams::Form::Text,
                                          subject_.naming, subject_.interfaces());
    if (!params)
        return refuse(response, question.format, kBadRequest, params.error().message);
    packets(question, *params, response);
}

void Streams::packets(const Question& question, const listing::PacketStreamParams& asked,
                      httplib::Response& response) {
    auto reader = subject_.watches.open(asked.wish);
    // A reader that has gone makes room at its stream's own next look only, and when workers turn.
    for (int look = 0; !reader && look < kLooksForRoom; ++look) {
        rest();
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
        asked.form == listing::PacketStreamParams::Form::Pcapng
            ? kPcapng
            : content_type(listing::Format::Text),
        [this, stream](size_t, httplib::DataSink& sink) {
            return go_on([&] {
                std::string piece;
                const bool goes_on = stream->next(piece);
                if (!piece.empty() && !sink.write(piece.data(), piece.size()))
                    return false;
                if (!goes_on)
                    sink.done();
                else if (piece.empty())
                    rest();
                return sink.is_writable();
            });
        });
}

/// One that is not the one seen last, or nothing for a while. False when the client has gone.
bool Streams::send_live(uint64_t& seen, httplib::DataSink& sink) {
    const auto event = live_.event();
    if (event->number == seen) {
        rest();
        return sink.is_writable();
    }
    seen = event->number;
    return sink.write(event->text.data(), event->text.size());
}

void Streams::live(const Question& question, httplib::Response& response) {
    if (!question.query.empty())
        return refuse(response, question.format, kBadRequest, "/v1/live takes nothing.");
    Quota& quota = question.access == Access::Web ? web_lives_ : events_;
    const auto sending = begin(quota);
    if (sending == nullptr)
        return refuse(
            response, question.format, kUnavailable,
            std::to_string(quota.most()) + " others watch already; try again when one has gone.");
    response.status = kOk;
    response.set_chunked_content_provider(
        "text/event-stream",
        [this, sending, seen = uint64_t{0}](size_t, httplib::DataSink& sink) mutable {
            return go_on([&] { return send_live(seen, sink); });
        });
}

}  // namespace sluice::command

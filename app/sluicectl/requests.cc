// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/requests.h"

#include "sluicectl/past_holds.h"

#include <algorithm>
#include <unistd.h>

namespace sluicectl {

std::string default_socket() {
    const std::string of_service = "/run/sluice/sluice.sock";
    return access(of_service.c_str(), F_OK) == 0 ? of_service : "/run/sluice.sock";
}

Request flows_request(const Words& words) {
    Request request{words.socket, Request::Method::Get, "/v1/flows", {}};
    request.query.insert(words.filters.begin(), words.filters.end());
    if (words.count)
        request.path = "/v1/flows/count";
    if (words.remove)
        request.method = Request::Method::Delete;
    if (words.all_flows)
        request.query.emplace("all", "1");
    return request;
}

Request events_request(const Words& words) {
    Request request{words.socket, Request::Method::Get, "/v1/events", {}};
    request.query.insert(words.filters.begin(), words.filters.end());
    const auto shows = [&](const char* word) {
        return std::ranges::find(words.output_words, word) != words.output_words.end();
    };
    if (words.timestamps || shows("timestamp"))
        request.query.emplace("timestamps", "1");
    for (const char* const word : {"extended", "id"})
        if (shows(word))
            request.query.emplace(word, "1");
    if (shows("json") && !words.json)
        request.query.emplace("format", "json");
    request.is_stream = true;
    return request;
}

Request packets_request(const Words& words, const std::string& path) {
    Request request{words.socket, Request::Method::Get, path, {}};
    request.query.insert(words.filters.begin(), words.filters.end());
    request.query.insert(words.packets.begin(), words.packets.end());
    if (words.leaving || words.both)
        request.query.emplace("way", words.both ? "both" : "out");
    request.is_stream = true;
    return request;
}

Request capture_request(const Words& words) {
    Request request = packets_request(words, "/v1/capture");
    request.capture = words.output;
    return request;
}

Request why_request(const Words& words) {
    Request request{words.socket, Request::Method::Get, "/v1/why", {}};
    request.query.insert(words.question.begin(), words.question.end());
    if (words.replay)
        request.replay = {words.replay_config, words.replay_defaults, words.json};
    if (!words.packet_file.empty()) {
        request.packets = words.packet_file;
        if (!words.json)
            request.query.emplace("line", "1");
    }
    return request;
}

Request who_request(const Words& words) {
    if (!words.logs.empty())
        return {.past = Request::Past{words.endpoint, words.at, words.logs, words.json}};
    Request request{words.socket, Request::Method::Get, "/v1/who", {}};
    request.query.emplace("public", words.endpoint);
    if (words.at.empty())
        return request;
    request.query.emplace("at", std::to_string(parse_time(words.at).value() / 1'000'000));
    return request;
}

Request stats_request(const Words& words) {
    Request request{words.socket, Request::Method::Get, "/v1/stats", {}};
    if (words.all_drops)
        request.query.emplace("all", "1");
    return request;
}

Request top_request(const Words& words, const std::string& path) {
    Request request{words.socket, Request::Method::Get, path, {}};
    if (!words.top.empty())
        request.query.emplace("top", words.top);
    if (!words.by.empty())
        request.query.emplace("by", words.by);
    return request;
}

Request top_view(const Words& words) {
    return {.socket = words.socket,
            .top = Request::Top{words.once, std::chrono::seconds(words.interval)}};
}

Request history_request(const Words& words) {
    Request request{words.socket, Request::Method::Get, "/v1/history", {}};
    request.query.emplace("of", words.group);
    if (!words.since.empty())
        request.query.emplace("since", words.since);
    if (!words.step.empty())
        request.query.emplace("step", words.step);
    return request;
}

Request reload_request(const Words& words) {
    Request request{.socket = words.socket, .method = Request::Method::Post, .path = "/v1/reload"};
    if (words.dry_run)
        request.query.emplace("dry_run", "1");
    return request;
}

Request role_request(const Words& words) {
    Request request{.socket = words.socket, .path = "/v1/role"};
    if (words.role.empty())
        return request;
    request.method = Request::Method::Post;
    request.query.emplace("role", words.role);
    return request;
}

}  // namespace sluicectl

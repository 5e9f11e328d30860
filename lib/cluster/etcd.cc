// SPDX-License-Identifier: BSD-3-Clause
#include "cluster/etcd.h"

#include <chrono>
#include <httplib.h>
#include <string_view>
#include <utility>

namespace sluice::cluster {
namespace {

constexpr std::chrono::milliseconds kConnects{500};
/// A renewal that waits for an answer that does not come has to be sent again in time.
constexpr std::chrono::milliseconds kAnswers{1000};
/// A member's own key is written each second, which a watch tells of.
constexpr std::chrono::milliseconds kSilence{2500};

/// The end of a lease is one line, with each of its addresses.
constexpr size_t kLongestLine = 1 << 22;

}  // namespace

Etcd::Etcd(std::vector<std::string> urls, Speaker speaker)
    : urls_(std::move(urls)), speaker_(std::move(speaker)) {}

Etcd::~Etcd() = default;

/// Null when it has been stopped.
httplib::Client* Etcd::client() {
    const std::lock_guard lock(mutex_);
    if (is_stopped_)
        return nullptr;
    if (client_ == nullptr) {
        client_ = std::make_unique<httplib::Client>(url());
        client_->set_keep_alive(true);
        client_->set_tcp_nodelay(true);
        client_->set_connection_timeout(kConnects);
        client_->set_write_timeout(kAnswers);
    }
    return client_.get();
}

void Etcd::go_on() {
    const std::lock_guard lock(mutex_);
    client_.reset();
    which_ = (which_ + 1) % urls_.size();
}

void Etcd::stop() {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    if (client_ != nullptr)
        client_->stop();
}

Answer Etcd::ask(const Request& request) {
    httplib::Client* client = this->client();
    if (client == nullptr)
        return {};
    client->set_read_timeout(kAnswers);
    const Post post = post_of(request, speaker_);
    const httplib::Result result = client->Post(post.path, post.body, "application/json");
    Answer answer;
    if (result)
        answer = answer_of(request, result->status, result->body, speaker_);
    if (answer.kind == Answer::Kind::None)
        go_on();
    return answer;
}

void Etcd::watch(Revision from, const std::function<bool(const Told&)>& hear) {
    httplib::Client* client = this->client();
    if (client == nullptr)
        return;
    client->set_read_timeout(kSilence);
    const Post post = watch_from(from, speaker_);
    std::string unread;
    httplib::Request request;
    request.method = "POST";
    request.path = post.path;
    request.body = post.body;
    request.headers.emplace("Content-Type", "application/json");
    request.content_receiver = [&](const char* bytes, size_t count, uint64_t, uint64_t) {
        unread.append(bytes, count);
        size_t begin = 0;
        for (size_t end = 0; (end = unread.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            const auto told =
                cluster::told(std::string_view(unread).substr(begin, end - begin), speaker_);
            if (!told || !hear(*told) || told->is_over)
                return false;
        }
        unread.erase(0, begin);
        return unread.size() <= kLongestLine;
    };
    httplib::Response response;
    httplib::Error error{};
    client->send(request, response, error);
    go_on();  // its connection is not to be used again
}

}  // namespace sluice::cluster

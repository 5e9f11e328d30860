// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Recorded etcd: an HTTP server that answers as etcd 3.4 has answered, whatever it is asked.
///
/// Shape    By path, what is answered next; a watch is told what there is, and stays open.
/// Threads  Any.

#include "cluster/etcd_text.h"
#include "free_port.h"

#include <chrono>
#include <condition_variable>
#include <httplib.h>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::cluster::testing {

class RecordedEtcd {
public:
    RecordedEtcd() : port_(test::free_port().host()) {
        server_.Post("/v3/watch", [this](const httplib::Request& request, httplib::Response& to) {
            note(request);
            to.set_chunked_content_provider(
                "application/json", [this](size_t, httplib::DataSink& sink) { return tell(sink); });
        });
        server_.Post("/v3/.*", [this](const httplib::Request& request, httplib::Response& to) {
            note(request);
            const std::lock_guard lock(mutex_);
            const auto answer = answers_.find(request.path);
            to.status = answer != answers_.end() ? 200 : 503;
            to.set_content(answer != answers_.end() ? answer->second : "{}", "application/json");
        });
        thread_ = std::thread([this] { server_.listen("127.0.0.1", port_); });
        while (!server_.is_running())
            std::this_thread::yield();
    }
    ~RecordedEtcd() {
        end_watches();
        server_.stop();
        thread_.join();
    }
    RecordedEtcd(const RecordedEtcd&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    /// An answer, without its outer braces and header.
    void answer(const std::string& path, const std::string& rest) {
        const std::lock_guard lock(mutex_);
        answers_[path] = whole(rest);
    }
    void answer_none() {
        const std::lock_guard lock(mutex_);
        answers_.clear();
    }
    /// Likewise what a watch is told.
    void add_news(const std::string& rest) {
        const std::lock_guard lock(mutex_);
        lines_.push_back(R"({"result":)" + whole(rest) + "}\n");
        changed_.notify_all();
    }
    void end_watches() {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
        changed_.notify_all();
    }

    size_t asked(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        const auto found = bodies_.find(path);
        return found == bodies_.end() ? 0 : found->second.size();
    }
    std::string last_body(const std::string& path) const {
        const std::lock_guard lock(mutex_);
        return bodies_.at(path).back();
    }

    static std::string whole(const std::string& rest) {
        return R"({"header":{"cluster_id":"324952591200643719","member_id":"3319814642761637952",)"
               R"("revision":"21","raft_term":"2"})" +
               rest + "}";
    }
    static std::string entry(std::string_view key, std::string_view value, std::string_view lease) {
        return R"({"key":")" + to_base64(key) + R"(","value":")" + to_base64(value) +
               R"(","create_revision":"9","mod_revision":"20","version":"1","lease":")" +
               std::string(lease) + R"("})";
    }

private:
    void note(const httplib::Request& request) {
        const std::lock_guard lock(mutex_);
        bodies_[request.path].push_back(request.body);
    }
    bool tell(httplib::DataSink& sink) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_over_ || told_ < lines_.size(); });
        if (is_over_) {
            sink.done();
            return false;
        }
        const std::string line = lines_[told_++];
        lock.unlock();
        return sink.write(line.data(), line.size());
    }

    httplib::Server server_;
    int port_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::string> answers_;
    std::map<std::string, std::vector<std::string>> bodies_;
    std::vector<std::string> lines_;
    size_t told_ = 0;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace sluice::cluster::testing
